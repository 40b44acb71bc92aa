"""Row 16: routes that other servers have for their developers and operators. None of them is here, for no key."""

import pytest
from tests.server.security.attacking import send
from tests.server.security.conftest import Guarded
from tests.support.running_server import RunningServer

ELSEWHERE = (
    # vLLM, with and without its developers' mode
    "/update_weights", "/collective_rpc", "/pause", "/resume", "/is_paused", "/sleep", "/wake_up", "/is_sleeping",
    "/reset_prefix_cache", "/reset_mm_cache", "/reset_encoder_cache", "/server_info", "/start_profile", "/stop_profile",
    "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/invocations", "/pooling", "/score", "/v1/score", "/rerank",
    "/v1/rerank", "/v2/rerank", "/classify", "/inference/v1/generate", "/scale_elastic_ep", "/load", "/ping", "/version",
    "/init_weight_transfer_engine", "/get_world_size", "/abort_requests", "/v1/audio/transcriptions", "/v1/files",
    # SGLang and its gateway
    "/generate", "/encode", "/flush_cache", "/get_server_info", "/get_model_info", "/get_weights_by_name", "/hack_weights",
    "/update_weights_from_disk", "/update_weights_from_tensor", "/update_weights_from_distributed", "/slow_down",
    "/init_weights_update_group", "/release_memory_occupation", "/resume_memory_occupation", "/set_internal_state",
    "/configure_logging", "/open_session", "/close_session", "/health_generate", "/start_expert_distribution_record",
    "/dump_expert_distribution_record", "/abort_request", "/parse_function_call", "/separate_reasoning", "/freeze_gc",
    "/workers", "/wasm", "/add_worker", "/remove_worker", "/list_workers", "/get_loads", "/vertex_generate",
    # llama-server, Ollama, LM Studio, text-generation-inference, Triton
    "/slots", "/slots/0?action=save", "/props", "/completion", "/infill", "/apply-template", "/lora-adapters", "/models/load",
    "/models/unload", "/api/generate", "/api/pull", "/api/push", "/api/create", "/api/delete", "/api/tags", "/api/ps",
    "/api/show", "/api/blobs/x", "/api/v0/models", "/info", "/v2/repository/index", "/v2/health/ready", "/cors-proxy",
    # what frameworks bring along
    "/docs", "/redoc", "/docs/oauth2-redirect", "/static", "/admin", "/debug", "/debug/pprof", "/debug/vars", "/console",
    "/_debug", "/__debug__", "/health", "/healthz", "/status", "/config", "/env", "/actuator", "/actuator/env", "/graphql",
    "/shutdown", "/restart", "/reload", "/exec", "/eval", "/shell", "/.env", "/.git/config", "/server-status", "/trace",
    "/zaphod/keys", "/zaphod/admin", "/zaphod/shutdown", "/v1", "/v1/", "/v1/engines", "/v1/keys", "/v1/fine_tuning/jobs",
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "PROPFIND", "DEBUG")


def statuses(server: RunningServer, method: str, paths: tuple[str, ...]) -> list[int]:
    """On one connection each, all at once would be told to wait."""
    found = []
    for path in paths:
        body = "Content-Length: 2\r\n\r\n{}" if method in ("POST", "PUT", "PATCH") else "\r\n"
        key = f"Authorization: Bearer {server.key}\r\n" if server.key else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{key}{body}"
        found += send(server, head.encode()).statuses[-1:]
    return found


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_best_key_finds_none_of_them(guarded: Guarded, method: str) -> None:
    assert set(statuses(guarded.server, method, ELSEWHERE)) == {404}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_without_keys_has_none_either(victim: RunningServer, method: str) -> None:
    assert set(statuses(victim, method, ELSEWHERE)) == {404}


@pytest.mark.parametrize("method", [method for method in METHODS if method not in ("GET", "POST", "HEAD")])
def test_no_other_method_does_anything(victim: RunningServer, method: str) -> None:
    paths = ("/v1/chat/completions", "/v1/models", "/live", "/", "/metrics", "/zaphod/status", "/page/page.css")
    assert set(statuses(victim, method, paths)) <= {400, 403, 404, 405}


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override: DELETE", "X-Original-URL: /metrics", "X-Rewrite-URL: /metrics"]
)
def test_no_header_leads_to_another_route(guarded: Guarded, header: str) -> None:
    head = f"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n\r\n".encode()
    reply = send(guarded.server, head)
    assert reply.statuses == [200]
    assert reply.data.endswith(b'{"status":"alive"}')


def test_figures_and_the_document_need_a_key(guarded: Guarded) -> None:
    for path in ("/metrics", "/openapi.json", "/zaphod/status", "/ready"):
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        assert send(guarded.server, head).statuses == [401]
