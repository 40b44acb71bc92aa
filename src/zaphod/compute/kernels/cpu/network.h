// One forward pass of the whole network: token ids in, logits out; knows no Python, no requests, no files.
//
// Definition of the maths: `model/transformer.py`. Everything between products is float32. Legend: T tokens of a pass in
// one flat axis, D width, H query heads, G key/value heads, K head size, E experts, F width of an expert.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "adapters.h"
#include "ops/ops.h"
#include "pool.h"
#include "routing.h"

namespace zaphod {

// Sizes of one task: rows of a matrix, rows of a pass, query rows of attention.
constexpr size_t kChunkRows = 32;
// Weights that one claim of a chunk covers: small enough to share evenly, large enough that claiming costs nothing.
constexpr size_t kChunkBytes = 32 * 1024;
constexpr size_t kTaskTokens = 48;
constexpr int kTaskQueries = 64;
// Longer passes visit most experts of a layer: there is nothing to guess.
constexpr size_t kExpectTokens = 4;

// Rows of a pass that one claim covers in work that goes row by row; below it the caller does them alone.
constexpr size_t kChunkTokens = 4;

// The switches of `model.config.ModelConfig`.
struct NetworkConfig {
  int vocab_size = 0, hidden_size = 0, num_layers = 0, num_heads = 0, num_kv_heads = 0, head_dim = 0;
  float epsilon = 1e-5f;
  Activation activation = Activation::silu;
  AttentionShape attention{1.0f, 0.0f, 0, 0};
  bool norm_heads = false;  // query and key norms run over each head instead of over all of them
  float rope_magnitude = 1.0f;
  float embedding_multiplier = 1.0f, residual_multiplier = 1.0f, output_multiplier = 1.0f, final_softcap = 0.0f;
  bool residual_dense = false;
  RouterOptions router;
  float router_softcap = 0.0f;
};

// New tokens of B sequences, sequence after sequence; see `engine/batch.py`.
struct Pass {
  size_t num_tokens = 0, num_sequences = 0, num_rows = 0, num_states = 0, blocks_stride = 0;
  const int32_t* token_ids = nullptr;
  const int32_t* positions = nullptr;
  const int64_t* slots = nullptr;
  const int32_t* query_lens = nullptr;
  const int32_t* context_lens = nullptr;
  const int32_t* block_tables = nullptr;
  const int32_t* rows = nullptr;        // whose logits are wanted
  const int32_t* state_rows = nullptr;  // whose hidden states are wanted
  const int32_t* adapters = nullptr;  // of each sequence, -1 for none; null where none has one
  bool reports_experts = false;         // whether it is wanted which experts computed `rows`
};

// Memory for `bytes`, aligned to pages; zero. In huge pages, if they are wanted and the system grants them.
class Memory {
 public:
  explicit Memory(size_t bytes = 0, bool huge_pages = true);
  ~Memory();
  Memory(Memory&& other) noexcept;
  Memory& operator=(Memory&& other) noexcept;
  uint8_t* data() const { return data_; }
  size_t size() const { return bytes_; }

 private:
  uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
};

// Rows prepared in every kind that the matrices of one place want.
class Prepared {
 public:
  Prepared() = default;
  // Room for `rows` rows of at most `cols` columns in the kinds whose bits are set.
  Prepared(size_t rows, size_t cols, unsigned kinds);
  void set_columns(size_t cols) { cols_ = cols; }
  void fill(const Ops& ops, size_t row, const float* x);
  // Row 2 row holds x as closely as the kind can, row 2 row + 1 what is left of it: the sum of the two products with a
  // matrix is that of x to nearly float32.
  void fill_pair(const Ops& ops, size_t row, const float* x);
  void fill_block(const Ops& ops, size_t row, const float* x, size_t begin);
  Rows rows(Format format) const;
  size_t bytes() const { return memory_[0].size() + memory_[1].size() + memory_[2].size(); }
  static unsigned bit(Format format) { return 1u << int(kind_of(format)); }

 private:
  size_t cols_ = 0;
  size_t stride_[3] = {};
  Memory memory_[3];
};

struct ExpertWeights {
  Matrix gate, up, down;
};

struct LayerWeights {
  std::vector<float> attention_norm, post_attention_norm, ffn_norm, post_ffn_norm, q_norm, k_norm;
  Matrix q, k, v, o;
  std::vector<float> q_bias, k_bias, v_bias, o_bias;
  bool sparse = false;
  Matrix router;
  std::vector<float> selection_bias;
  // The routed experts, then the one that every token visits (dense block or shared expert), if there is one.
  std::vector<ExpertWeights> experts;
  bool has_extra = false;
  std::vector<float> shared_gate;
};

// Brings experts into memory when they are needed, for models larger than memory. One layer at a time: begin, then next
// until all are computed, then end.
class ExpertSource {
 public:
  virtual ~ExpertSource() = default;
  // The layer's experts of `assignments` will be computed, in their order, for `count` tokens.
  virtual void begin(int layer, const Assignments& assignments, size_t count) = 0;
  // Waits for visited expert `first`, sets its tiles and those of the experts behind it that are in memory, too;
  // returns the end of them. They are valid until the next call.
  virtual size_t next(size_t first, std::vector<ExpertWeights>& weights) = 0;
  virtual void end() = 0;
  // The layer will probably want these experts; called while an earlier layer is computed.
  virtual void expect(int layer, const std::vector<int32_t>& experts) = 0;
  // Whether it wants to be told.
  virtual bool expects() const = 0;
};

using Matrices = std::unordered_map<std::string, Matrix>;
using Vectors = std::unordered_map<std::string, std::vector<float>>;

class Network {
 public:
  // Weights by our canonical names (`model/shapes.py`); stacks of experts as NAME.EXPERT. Matrices point to memory that
  // outlives the network. Throws std::invalid_argument where one is missing.
  Network(NetworkConfig config, const Matrices& matrices, const Vectors& vectors, std::vector<float> frequencies,
          CacheLayout cache, size_t num_blocks, size_t max_tokens, int threads, const Ops& ops);

  // Logits of the wanted rows, [rows][logits_stride()], valid until the next pass.
  const float* forward(const Pass& pass);
  // Of the last pass: hidden states after the last norm of the wanted rows, [state rows][hidden_size], and the experts
  // that computed the rows with logits, [rows][layers with experts][top_k] in the order of falling weight.
  const std::vector<float>& states() const { return states_; }
  const std::vector<int32_t>& experts() const { return experts_; }
  size_t num_sparse_layers() const { return num_sparse_layers_; }
  size_t logits_stride() const { return round_up(config_.vocab_size, kTileRows); }
  size_t scratch_bytes() const { return scratch_bytes_; }
  const Ops& ops() const { return ops_; }
  Pool& pool() { return pool_; }
  // An adapter by its canonical names, see `AdapterReader`; its matrices stay where they are until it is unloaded.
  void load_adapter(int id, const Matrices& matrices);
  void unload_adapter(int id) { adapters_.erase(id); }
  bool has_adapter(int id) const { return adapters_.count(id); }
  // The source outlives the network's last pass; null for none.
  // How finely products are shared out; no bit of a result depends on it.
  void set_chunk_bytes(size_t bytes) { chunk_bytes_ = bytes; }
  void set_expert_source(ExpertSource* source);

 private:
  struct Product {
    const Matrix* w;
    Rows x;
    float* out;
    size_t stride;
    bool pairs = false;  // x lies in pairs of rows, see Prepared::fill_pair
  };
  struct Sequence {
    size_t first_token, num_tokens;
    int context;
    const int32_t* blocks;
  };

  // A product of attention that adapters may add to.
  struct AdaptedSite {
    LowRank LayerAdapter::* part;
    float* y;
    size_t stride;
  };

  void load(const Matrices& matrices, const Vectors& vectors);
  void allocate();
  void part(const Pass& pass, size_t begin, size_t end);
  std::vector<Sequence> sequences(const Pass& pass, size_t begin, size_t end) const;
  template <class Work>
  void tokens(size_t count, Work&& work);
  void products(std::initializer_list<Product> list, size_t count);
  void multiply_pairs(const Product& p, size_t first, size_t last, size_t count, float* part);
  void embed(const Pass& pass, size_t begin, size_t count);
  void rotations(const int32_t* positions, size_t count);
  void add_branch(size_t t, float* branch, const std::vector<float>& post_norm);

  void attention(const LayerWeights& layer, int index, const Pass& pass, size_t begin, size_t count);
  void keys_values(const LayerWeights& layer, int index, int64_t slot, size_t t);
  void attend(int layer, const std::vector<Sequence>& sequences, const int32_t* positions);
  void feed_forward(LayerWeights& layer, int index, size_t count);
  void choose_experts(const LayerWeights& layer, size_t count);
  void streamed(LayerWeights& layer, int index, size_t count);
  void expect_experts(int next, size_t count);
  void gate_up(const LayerWeights& layer, size_t first, size_t last);
  void down(const LayerWeights& layer, size_t count, size_t first, size_t last);
  void report_experts(const Pass& pass, size_t sparse_layer, size_t begin, size_t end);
  void normed_states(const Pass& pass, size_t begin, size_t end);
  void head(const Pass& pass, size_t begin, size_t end);

  void reserve_adapters(const Adapter& adapter);
  void group_adapters(const Pass& pass, size_t begin, size_t end);
  void keep_input(size_t t, const float* x, size_t cols);
  void adapt(int layer, std::initializer_list<AdaptedSite> sites);
  void group_experts(int layer, size_t num_experts, size_t first, size_t last);
  void lower_experts(std::initializer_list<LowRank LowRankExpert::*> members, Rows x, const int32_t* ids);
  template <class Work>
  void adapted_places(size_t expert, size_t a, size_t n, Work&& work) const;
  void adapt_expert(LowRank LowRankExpert::* member, size_t member_index, size_t expert, size_t first, size_t last,
                    size_t a, size_t n, float* out) const;
  void keep_hidden(size_t expert, size_t first, size_t last, size_t a, size_t n, const float* hidden);

  float* scratch_of(int thread) { return (float*)(thread_memory_.data() + thread_stride_ * thread); }

  NetworkConfig config_;
  std::vector<float> frequencies_;
  CacheLayout cache_;
  size_t num_blocks_, max_tokens_, chunk_bytes_ = kChunkBytes;
  const Ops& ops_;
  Pool pool_;
  ExpertSource* source_ = nullptr;

  Matrix embedding_, head_;
  std::vector<float> norm_;
  std::vector<LayerWeights> layers_;
  size_t num_sparse_layers_ = 0;

  size_t width_ = 0;  // D filled up to 16
  size_t q_width_ = 0, k_width_ = 0, qkv_stride_ = 0, mixed_width_ = 0;
  size_t scratch_bytes_ = 0;
  Memory cache_memory_;
  Memory x_, qkv_, mixed_, branch_, router_logits_, thread_memory_;
  size_t thread_stride_ = 0;
  std::vector<float> cos_, sin_, extra_weights_, router_weights_;
  std::vector<int32_t> expert_ids_;
  Prepared in_, mixed_in_, ffn_in_, hidden_, extra_hidden_, head_in_;
  Prepared expected_in_;  // for the routers of the next layers
  std::vector<int32_t> expected_;
  Assignments assignments_;
  std::vector<float> logits_, states_;
  std::vector<int32_t> experts_;
  std::vector<Sequence> sequences_;

  // Nothing of this has a size before an adapter is loaded.
  std::map<int, Adapter> adapters_;
  std::vector<AdaptedTokens> adapted_;  // of the tokens at hand; empty where none has an adapter
  std::vector<int32_t> adapter_of_;     // each token's place in `adapted_`, -1 for none
  AdaptedExperts adapted_experts_;
  Memory adapter_in_, low_, float_hidden_;
  size_t input_stride_ = 0, low_stride_ = 0, hidden_stride_ = 0;
};

// Calls work(row, thread) for the rows of a pass.
template <class Work>
void Network::tokens(size_t count, Work&& work) {
  if (count <= kChunkTokens) {
    for (size_t t = 0; t < count; ++t) work(t, 0);
    return;
  }
  pool_.run(ceil_div(count, kChunkTokens), [&](size_t chunk, int thread) {
    for (size_t t = chunk * kChunkTokens; t < std::min(count, (chunk + 1) * kChunkTokens); ++t) work(t, thread);
  });
}

}  // namespace zaphod
