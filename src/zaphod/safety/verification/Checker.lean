/-!
What `checker.py` does, and a proof that it is right, in Lean 4 without any library.

A claim: at every rational point of a box one of some polynomials is above 0. Its proof halves the box until, on each
part, the Bernstein coefficients of one of them are all above 0. `check` looks at such proofs, `check_sound` says what
follows. All numbers are integers:

* a rational number is a pair of a numerator and a denominator above 0;
* the ends of a side of a box are `low / den` and `high / den`;
* a polynomial of degree `d` is evaluated at `p / q` times `q ^ d`, which changes no sign.

Of points that are not rational nothing is said. Every definition is by structural recursion, so that Lean's kernel can
compute `check` by itself.
-/

namespace Zaphod

/-! ## What is claimed -/

/-- `x` to the `n`. -/
def pw (x : Int) : Nat → Int
  | 0 => 1
  | n + 1 => pw x n * x

/-- The sum of `f c * p ^ k * q ^ (d - k)` over the first `d + 1` coefficients `c` of a list (Horner's scheme), `k` being
the place of each. What a list lacks counts as 0. -/
def horner {R : Type} (f : R → Int) (p q : Int) : Nat → List R → Int
  | 0, [] => 0
  | 0, c :: _ => f c
  | _ + 1, [] => 0
  | d + 1, c :: cs => f c * pw q (d + 1) + p * horner f p q d cs

/-- Polynomials with integer coefficients in as many variables as there are degrees: a list, by ascending powers of the
first variable, of polynomials in the others. -/
def Poly : List Nat → Type
  | [] => Int
  | _ :: ds => List (Poly ds)

/-- What a polynomial is at a point with the coordinates `p / q`, times `q ^ d` for each variable of degree `d`. -/
def value : (ds : List Nat) → List (Int × Int) → Poly ds → Int
  | [] => fun (_ : List (Int × Int)) (c : Int) => c
  | d :: ds => fun (x : List (Int × Int)) (cs : List (Poly ds)) =>
    match x with
    | [] => 0
    | v :: vs => horner (value ds vs) v.1 v.2 d cs

/-- The values of one variable: from `low / den` to `high / den`. -/
structure Side where
  low : Int
  high : Int
  den : Int

/-- Whether a point lies in a box: as many coordinates as sides, each `p / q` with `q` above 0 and
`low / den ≤ p / q ≤ high / den`. -/
def InBox : List Side → List (Int × Int) → Prop
  | [], [] => True
  | [], _ :: _ => False
  | _ :: _, [] => False
  | b :: bs, v :: vs => (0 < v.2 ∧ b.low * v.2 ≤ b.den * v.1 ∧ b.den * v.1 ≤ b.high * v.2) ∧ InBox bs vs

/-- Whether something is true of one of a list. -/
def AnyOf {R : Type} (P : R → Prop) : List R → Prop
  | [] => False
  | a :: as => P a ∨ AnyOf P as

/-- How a box was halved, along which variable, and which polynomial is above 0 on what is halved no more. -/
inductive Tree where
  | leaf (which : Nat)
  | halve (axis : Nat) (lower upper : Tree)

/-- A claim and its proof. -/
structure Claim where
  degrees : List Nat
  box : List Side
  polynomials : List (Poly degrees)
  tree : Tree

/-- At every rational point of the box one of the polynomials is above 0. -/
def Holds (c : Claim) : Prop :=
  ∀ x : List (Int × Int), InBox c.box x → AnyOf (fun (p : Poly c.degrees) => 0 < value c.degrees x p) c.polynomials

/-- Every claim holds. -/
def Safe : List Claim → Prop
  | [] => True
  | c :: cs => Holds c ∧ Safe cs

/-! ## What is computed -/

/-- Two lists, term by term; what one lacks counts as 0. -/
def addWith {R : Type} (g : R → R → R) : List R → List R → List R
  | [], ys => ys
  | x :: xs, [] => x :: xs
  | x :: xs, y :: ys => g x y :: addWith g xs ys

/-- 0 as a polynomial. -/
def polyZero : (ds : List Nat) → Poly ds
  | [] => (0 : Int)
  | _ :: ds => ([] : List (Poly ds))

/-- The sum of two polynomials. -/
def polyAdd : (ds : List Nat) → Poly ds → Poly ds → Poly ds
  | [] => fun (a b : Int) => Int.add a b
  | _ :: ds => fun (a b : List (Poly ds)) => addWith (polyAdd ds) a b

/-- A polynomial times a number. -/
def polyMul : (ds : List Nat) → Int → Poly ds → Poly ds
  | [] => fun (k : Int) (a : Int) => Int.mul k a
  | _ :: ds => fun (k : Int) (a : List (Poly ds)) => List.map (polyMul ds k) a

/-- `k * q ^ (d + 1) + (l * q + h * p) * r`, where `r` is a polynomial of degree `d` in `p` and `q`. -/
def timesLine {R : Type} (add : R → R → R) (mul : Int → R → R) (l h : Int) : Nat → R → List R → List R
  | 0, k, [] => [k]
  | 0, k, r :: _ => [add k (mul l r), mul h r]
  | _ + 1, k, [] => [k]
  | d + 1, k, r :: rs => add k (mul l r) :: timesLine add mul l h d (mul h r) rs

/-- A polynomial at `(l * q + w * t) / (m * q)`, as one in `t` and `q`. -/
def toUnit {R : Type} (add : R → R → R) (mul : Int → R → R) (l w m : Int) : Nat → List R → List R
  | 0, [] => []
  | 0, c :: _ => [c]
  | _ + 1, [] => []
  | d + 1, c :: cs => timesLine add mul l w d (mul (pw m (d + 1)) c) (toUnit add mul l w m d cs)

/-- What is left to do of `bernstein`: `acc`, of degree `j`, holds what was read already. -/
def reading {R : Type} (add : R → R → R) (mul : Int → R → R) (zero : R) : Nat → Nat → List R → List R → List R
  | 0, j, acc, [] => timesLine add mul 1 1 j zero acc
  | 0, j, acc, c :: _ => timesLine add mul 1 1 j c acc
  | d + 1, j, acc, [] => reading add mul zero d (j + 1) (timesLine add mul 1 1 j zero acc) []
  | d + 1, j, acc, c :: cs => reading add mul zero d (j + 1) (timesLine add mul 1 1 j c acc) cs

/-- A polynomial in `t` and `q`, at `q = s + t`, as one in `s` and `t`: its coefficients are the Bernstein coefficients,
each times a binomial. -/
def bernstein {R : Type} (add : R → R → R) (mul : Int → R → R) (zero : R) : Nat → List R → List R
  | 0, us => us
  | _ + 1, [] => []
  | d + 1, c :: cs => reading add mul zero d 0 [c] cs

/-- A polynomial on a side of a box, by its Bernstein coefficients in the first variable. -/
def onSide (ds : List Nat) (b : Side) (d : Nat) (cs : List (Poly ds)) : List (Poly ds) :=
  bernstein (polyAdd ds) (polyMul ds) (polyZero ds) d
    (toUnit (polyAdd ds) (polyMul ds) b.low (b.high - b.low) b.den d cs)

/-- Whether the first `d + 1` of a list are there and pass. -/
def allPass {R : Type} (pass : R → Bool) : Nat → List R → Bool
  | 0, [] => false
  | 0, c :: _ => pass c
  | _ + 1, [] => false
  | d + 1, c :: cs => pass c && allPass pass d cs

/-- Whether the `i`-th of a list is there and passes. -/
def onePasses {R : Type} (pass : R → Bool) : Nat → List R → Bool
  | 0, [] => false
  | 0, a :: _ => pass a
  | _ + 1, [] => false
  | i + 1, _ :: as => onePasses pass i as

/-- Whether a number is above 0. -/
def isPositive (c : Int) : Bool := decide (0 < c)

/-- Whether a number is not above another. -/
def isAtMost (a b : Int) : Bool := decide (a ≤ b)

/-- Whether all Bernstein coefficients of a polynomial on a box are above 0. -/
def positive : (ds : List Nat) → List Side → Poly ds → Bool
  | [] => fun (bs : List Side) (c : Int) =>
    match bs with
    | [] => isPositive c
    | _ :: _ => false
  | d :: ds => fun (bs : List Side) (cs : List (Poly ds)) =>
    match bs with
    | [] => false
    | b :: rest =>
      isPositive b.den && (isAtMost b.low b.high && allPass (positive ds rest) d (onSide ds b d cs))

/-- The lower half of a side. -/
def Side.lowerHalf (b : Side) : Side := ⟨2 * b.low, b.low + b.high, 2 * b.den⟩

/-- The upper half of a side. -/
def Side.upperHalf (b : Side) : Side := ⟨b.low + b.high, 2 * b.high, 2 * b.den⟩

/-- The lower half of a box along a variable. -/
def lowerHalf : Nat → List Side → List Side
  | 0, [] => []
  | 0, b :: bs => b.lowerHalf :: bs
  | _ + 1, [] => []
  | i + 1, b :: bs => b :: lowerHalf i bs

/-- The upper half of a box along a variable. -/
def upperHalf : Nat → List Side → List Side
  | 0, [] => []
  | 0, b :: bs => b.upperHalf :: bs
  | _ + 1, [] => []
  | i + 1, b :: bs => b :: upperHalf i bs

/-- Whether a tree proves that one of some polynomials is above 0 on a box. -/
def proves (ds : List Nat) (ps : List (Poly ds)) : Tree → List Side → Bool
  | .leaf i, bs => onePasses (positive ds bs) i ps
  | .halve i lower upper, bs => proves ds ps lower (lowerHalf i bs) && proves ds ps upper (upperHalf i bs)

/-- Whether a claim is proved by its tree. -/
def checkClaim (c : Claim) : Bool := proves c.degrees c.polynomials c.tree c.box

/-- Whether all claims are proved. -/
def check : List Claim → Bool
  | [] => true
  | c :: cs => checkClaim c && check cs

/-! ## Identities of integers

Each has two proofs to choose from, so that it does not hang on one tactic: Lean's own for commutative rings, or all
products written out, their factors in one order, and the rest linear. -/

macro "int_ring" : tactic => `(tactic|
  first
    | grind
    | ((try simp only [Int.add_mul, Int.mul_add, Int.one_mul, Int.mul_one, Int.zero_mul, Int.mul_zero]);
       (try simp only [Int.mul_assoc, Int.mul_comm, Int.mul_left_comm]);
       (first | done | omega)))

theorem id_pw (a b x y : Int) : a * b * (x * y) = a * x * (b * y) := by int_ring

theorem id_add (a b x p e g : Int) : (a + b) * x + p * (e + g) = a * x + p * e + (b * x + p * g) := by int_ring

theorem id_map (a b x p e : Int) : a * b * x + p * (a * e) = a * (b * x + p * e) := by int_ring

theorem id_line_base (k l h r p q : Int) :
    (k + l * r) * (1 * q) + p * (h * r) = k * (1 * q) + (l * q + h * p) * r := by int_ring

theorem id_line (k l h r p q x e : Int) :
    (k + l * r) * (x * q) + p * (h * r * x + (l * q + h * p) * e)
      = k * (x * q) + (l * q + h * p) * (r * x + p * e) := by int_ring

theorem id_unit (m c x z : Int) : m * c * x + z = c * (m * x) + z := by int_ring

theorem id_read_base (c s t x a : Int) : c * x + (1 * t + 1 * s) * a = 1 * (s + t) * a + x * c := by int_ring

theorem id_read (c s t x y a e : Int) :
    y * (c * x + (1 * t + 1 * s) * a) + x * t * e = y * (s + t) * a + x * (c * y + t * e) := by int_ring

theorem id_read_nil (s t x y a : Int) :
    y * (0 * x + (1 * t + 1 * s) * a) + x * t * 0 = y * (s + t) * a + x * 0 := by int_ring

theorem id_first (c t y e : Int) : y * c + 1 * t * e = c * y + t * e := by int_ring

theorem id_scale (k p c x y e : Int) : c * (y * k * x) + k * p * (y * e) = y * k * (c * x + p * e) := by int_ring

theorem id_swap (m w p : Int) : m * w * p = w * (m * p) := by int_ring

theorem id_side (l w q t : Int) : l * (w * q) + w * t = w * (l * q + t) := by int_ring

/-! ## Numbers above 0 -/

theorem pw_mul (x y : Int) (n : Nat) : pw (x * y) n = pw x n * pw y n := by
  induction n with
  | zero => exact (Int.mul_one 1).symm
  | succ n ih =>
    show pw (x * y) n * (x * y) = pw x n * x * (pw y n * y)
    rw [ih]
    exact id_pw (pw x n) (pw y n) x y

theorem pw_pos {x : Int} (hx : 0 < x) (n : Nat) : 0 < pw x n := by
  induction n with
  | zero =>
    show (0 : Int) < 1
    decide
  | succ n ih => exact Int.mul_pos ih hx

theorem pw_nonneg {x : Int} (hx : 0 ≤ x) (n : Nat) : 0 ≤ pw x n := by
  induction n with
  | zero =>
    show (0 : Int) ≤ 1
    decide
  | succ n ih => exact Int.mul_nonneg ih hx

theorem pos_of_mul_pos {a b : Int} (ha : 0 < a) (h : 0 < a * b) : 0 < b := by
  by_cases hb : 0 < b
  · exact hb
  · have h1 : 0 ≤ a * -b := Int.mul_nonneg (Int.le_of_lt ha) (by omega)
    have h2 : a * -b = -(a * b) := Int.mul_neg a b
    omega

theorem both_left {a b : Bool} (h : (a && b) = true) : a = true := by
  cases a with
  | true => rfl
  | false => exact h

theorem both_right {a b : Bool} (h : (a && b) = true) : b = true := by
  cases a with
  | true => exact h
  | false =>
    have h' : false = true := h
    exact absurd h' (by decide)

theorem isPositive_sound (c : Int) (h : isPositive c = true) : 0 < c := of_decide_eq_true h

theorem isAtMost_sound (a b : Int) (h : isAtMost a b = true) : a ≤ b := of_decide_eq_true h

/-! ## Horner's scheme -/

section Horner

variable {R : Type} {f : R → Int}

theorem horner_nil (p q : Int) (d : Nat) : horner f p q d [] = 0 := by
  cases d with
  | zero => rfl
  | succ d => rfl

theorem horner_addWith {g : R → R → R} (hg : ∀ a b, f (g a b) = f a + f b) (p q : Int) (d : Nat) :
    ∀ xs ys : List R, horner f p q d (addWith g xs ys) = horner f p q d xs + horner f p q d ys := by
  induction d with
  | zero =>
    intro xs ys
    cases xs with
    | nil =>
      show horner f p q 0 ys = 0 + horner f p q 0 ys
      exact (Int.zero_add _).symm
    | cons x xs =>
      cases ys with
      | nil =>
        show f x = f x + 0
        exact (Int.add_zero _).symm
      | cons y ys => exact hg x y
  | succ d ih =>
    intro xs ys
    cases xs with
    | nil =>
      show horner f p q (d + 1) ys = 0 + horner f p q (d + 1) ys
      exact (Int.zero_add _).symm
    | cons x xs =>
      cases ys with
      | nil =>
        show horner f p q (d + 1) (x :: xs) = horner f p q (d + 1) (x :: xs) + 0
        exact (Int.add_zero _).symm
      | cons y ys =>
        show f (g x y) * pw q (d + 1) + p * horner f p q d (addWith g xs ys)
          = f x * pw q (d + 1) + p * horner f p q d xs + (f y * pw q (d + 1) + p * horner f p q d ys)
        rw [hg x y, ih xs ys]
        exact id_add (f x) (f y) (pw q (d + 1)) p (horner f p q d xs) (horner f p q d ys)

theorem horner_map {g : R → R} {a : Int} (hg : ∀ x, f (g x) = a * f x) (p q : Int) (d : Nat) :
    ∀ xs : List R, horner f p q d (List.map g xs) = a * horner f p q d xs := by
  induction d with
  | zero =>
    intro xs
    cases xs with
    | nil => exact (Int.mul_zero a).symm
    | cons x xs => exact hg x
  | succ d ih =>
    intro xs
    cases xs with
    | nil => exact (Int.mul_zero a).symm
    | cons x xs =>
      show f (g x) * pw q (d + 1) + p * horner f p q d (List.map g xs)
        = a * (f x * pw q (d + 1) + p * horner f p q d xs)
      rw [hg x, ih xs]
      exact id_map a (f x) (pw q (d + 1)) p (horner f p q d xs)

theorem horner_scale (k p q : Int) (d : Nat) :
    ∀ cs : List R, horner f (k * p) (k * q) d cs = pw k d * horner f p q d cs := by
  induction d with
  | zero =>
    intro cs
    cases cs with
    | nil => exact (Int.mul_zero 1).symm
    | cons c cs =>
      show f c = 1 * f c
      exact (Int.one_mul _).symm
  | succ d ih =>
    intro cs
    cases cs with
    | nil => exact (Int.mul_zero _).symm
    | cons c cs =>
      show f c * pw (k * q) (d + 1) + k * p * horner f (k * p) (k * q) d cs
        = pw k d * k * (f c * pw q (d + 1) + p * horner f p q d cs)
      rw [pw_mul k q (d + 1), ih cs]
      exact id_scale k p (f c) (pw q (d + 1)) (pw k d) (horner f p q d cs)

variable {add : R → R → R} {mul : Int → R → R} {zero : R}

theorem horner_timesLine (ha : ∀ a b, f (add a b) = f a + f b) (hm : ∀ k a, f (mul k a) = k * f a) (l h p q : Int)
    (d : Nat) :
    ∀ (k : R) (rs : List R),
      horner f p q (d + 1) (timesLine add mul l h d k rs)
        = f k * pw q (d + 1) + (l * q + h * p) * horner f p q d rs := by
  induction d with
  | zero =>
    intro k rs
    cases rs with
    | nil =>
      show f k * pw q 1 + p * 0 = f k * pw q 1 + (l * q + h * p) * 0
      rw [Int.mul_zero p, Int.mul_zero (l * q + h * p)]
    | cons r rs =>
      show f (add k (mul l r)) * (1 * q) + p * f (mul h r) = f k * (1 * q) + (l * q + h * p) * f r
      rw [ha k (mul l r), hm l r, hm h r]
      exact id_line_base (f k) l h (f r) p q
  | succ d ih =>
    intro k rs
    cases rs with
    | nil =>
      show f k * pw q (d + 1 + 1) + p * 0 = f k * pw q (d + 1 + 1) + (l * q + h * p) * 0
      rw [Int.mul_zero p, Int.mul_zero (l * q + h * p)]
    | cons r rs =>
      show f (add k (mul l r)) * (pw q (d + 1) * q) + p * horner f p q (d + 1) (timesLine add mul l h d (mul h r) rs)
        = f k * (pw q (d + 1) * q) + (l * q + h * p) * (f r * pw q (d + 1) + p * horner f p q d rs)
      rw [ih (mul h r) rs, ha k (mul l r), hm l r, hm h r]
      exact id_line (f k) l h (f r) p q (pw q (d + 1)) (horner f p q d rs)

theorem horner_toUnit (ha : ∀ a b, f (add a b) = f a + f b) (hm : ∀ k a, f (mul k a) = k * f a) (l w m t q : Int)
    (d : Nat) :
    ∀ cs : List R, horner f t q d (toUnit add mul l w m d cs) = horner f (l * q + w * t) (m * q) d cs := by
  induction d with
  | zero =>
    intro cs
    cases cs with
    | nil => rfl
    | cons c cs => rfl
  | succ d ih =>
    intro cs
    cases cs with
    | nil => rfl
    | cons c cs =>
      show horner f t q (d + 1) (timesLine add mul l w d (mul (pw m (d + 1)) c) (toUnit add mul l w m d cs))
        = f c * pw (m * q) (d + 1) + (l * q + w * t) * horner f (l * q + w * t) (m * q) d cs
      rw [horner_timesLine ha hm l w t q d, hm (pw m (d + 1)) c, ih cs, pw_mul m q (d + 1)]
      exact id_unit (pw m (d + 1)) (f c) (pw q (d + 1)) _

theorem horner_reading (ha : ∀ a b, f (add a b) = f a + f b) (hm : ∀ k a, f (mul k a) = k * f a) (hz : f zero = 0)
    (s t : Int) (d : Nat) :
    ∀ (j n : Nat) (acc cs : List R), n = j + d + 1 →
      horner f s t n (reading add mul zero d j acc cs)
        = pw (s + t) (d + 1) * horner f s t j acc + pw t (j + 1) * horner f t (s + t) d cs := by
  induction d with
  | zero =>
    intro j n acc cs hn
    have hn' : n = j + 1 := by omega
    subst hn'
    cases cs with
    | nil =>
      show horner f s t (j + 1) (timesLine add mul 1 1 j zero acc)
        = 1 * (s + t) * horner f s t j acc + pw t (j + 1) * 0
      rw [horner_timesLine ha hm 1 1 s t j zero acc, hz]
      exact id_read_base 0 s t (pw t (j + 1)) (horner f s t j acc)
    | cons c cs =>
      show horner f s t (j + 1) (timesLine add mul 1 1 j c acc)
        = 1 * (s + t) * horner f s t j acc + pw t (j + 1) * f c
      rw [horner_timesLine ha hm 1 1 s t j c acc]
      exact id_read_base (f c) s t (pw t (j + 1)) (horner f s t j acc)
  | succ d ih =>
    intro j n acc cs hn
    cases cs with
    | nil =>
      have e := ih (j + 1) n (timesLine add mul 1 1 j zero acc) [] (by omega)
      rw [horner_timesLine ha hm 1 1 s t j zero acc, hz, horner_nil t (s + t) d] at e
      exact Eq.trans e (id_read_nil s t (pw t (j + 1)) (pw (s + t) (d + 1)) (horner f s t j acc))
    | cons c cs =>
      have e := ih (j + 1) n (timesLine add mul 1 1 j c acc) cs (by omega)
      rw [horner_timesLine ha hm 1 1 s t j c acc] at e
      exact Eq.trans e
        (id_read (f c) s t (pw t (j + 1)) (pw (s + t) (d + 1)) (horner f s t j acc) (horner f t (s + t) d cs))

theorem horner_bernstein (ha : ∀ a b, f (add a b) = f a + f b) (hm : ∀ k a, f (mul k a) = k * f a) (hz : f zero = 0)
    (s t : Int) (d : Nat) (us : List R) :
    horner f s t d (bernstein add mul zero d us) = horner f t (s + t) d us := by
  cases d with
  | zero =>
    cases us with
    | nil => rfl
    | cons c us => rfl
  | succ d =>
    cases us with
    | nil => rfl
    | cons c cs =>
      have e := horner_reading ha hm hz s t d 0 (d + 1) [c] cs (by omega)
      exact Eq.trans e (id_first (f c) t (pw (s + t) (d + 1)) (horner f t (s + t) d cs))

theorem allPass_sound {pass : R → Bool} (hp : ∀ c, pass c = true → 0 < f c) {s t : Int} (hs : 0 ≤ s) (ht : 0 ≤ t)
    (hst : 0 < s + t) (d : Nat) :
    ∀ cs : List R, allPass pass d cs = true → 0 < horner f s t d cs := by
  induction d with
  | zero =>
    intro cs h
    cases cs with
    | nil =>
      have h' : false = true := h
      exact absurd h' (by decide)
    | cons c cs => exact hp c h
  | succ d ih =>
    intro cs h
    cases cs with
    | nil =>
      have h' : false = true := h
      exact absurd h' (by decide)
    | cons c cs =>
      have h' : (pass c && allPass pass d cs) = true := h
      have hc : 0 < f c := hp c (both_left h')
      have he : 0 < horner f s t d cs := ih cs (both_right h')
      have h1 : 0 ≤ f c * pw t (d + 1) := Int.mul_nonneg (Int.le_of_lt hc) (pw_nonneg ht (d + 1))
      have h2 : 0 ≤ s * horner f s t d cs := Int.mul_nonneg hs (Int.le_of_lt he)
      show 0 < f c * pw t (d + 1) + s * horner f s t d cs
      by_cases hpos : 0 < t
      · have h3 : 0 < f c * pw t (d + 1) := Int.mul_pos hc (pw_pos hpos (d + 1))
        omega
      · have h3 : 0 < s * horner f s t d cs := Int.mul_pos (by omega) he
        omega

end Horner

/-! ## Polynomials -/

theorem value_zero (ds : List Nat) (x : List (Int × Int)) : value ds x (polyZero ds) = 0 := by
  cases ds with
  | nil => rfl
  | cons d ds =>
    cases x with
    | nil => rfl
    | cons v vs =>
      show horner (value ds vs) v.1 v.2 d [] = 0
      exact horner_nil v.1 v.2 d

theorem value_add (ds : List Nat) :
    ∀ (x : List (Int × Int)) (a b : Poly ds), value ds x (polyAdd ds a b) = value ds x a + value ds x b := by
  induction ds with
  | nil =>
    intro x a b
    rfl
  | cons d ds ih =>
    intro x a b
    cases x with
    | nil => exact (Int.add_zero 0).symm
    | cons v vs => exact horner_addWith (f := value ds vs) (g := polyAdd ds) (ih vs) v.1 v.2 d a b

theorem value_mul (ds : List Nat) :
    ∀ (x : List (Int × Int)) (k : Int) (a : Poly ds), value ds x (polyMul ds k a) = k * value ds x a := by
  induction ds with
  | nil =>
    intro x k a
    rfl
  | cons d ds ih =>
    intro x k a
    cases x with
    | nil => exact (Int.mul_zero k).symm
    | cons v vs => exact horner_map (f := value ds vs) (g := polyMul ds k) (ih vs k) v.1 v.2 d a

theorem horner_onSide (ds : List Nat) (vs : List (Int × Int)) (b : Side) (d : Nat) (cs : List (Poly ds)) (s t : Int) :
    horner (value ds vs) s t d (onSide ds b d cs)
      = horner (value ds vs) (b.low * (s + t) + (b.high - b.low) * t) (b.den * (s + t)) d cs :=
  Eq.trans
    (horner_bernstein (f := value ds vs) (add := polyAdd ds) (mul := polyMul ds) (zero := polyZero ds)
      (value_add ds vs) (value_mul ds vs) (value_zero ds vs) s t d
      (toUnit (polyAdd ds) (polyMul ds) b.low (b.high - b.low) b.den d cs))
    (horner_toUnit (f := value ds vs) (add := polyAdd ds) (mul := polyMul ds)
      (value_add ds vs) (value_mul ds vs) b.low (b.high - b.low) b.den t (s + t) d cs)

/-! ## Boxes -/

/-- A value between both ends is a mean of them. -/
theorem mean (l h m p q : Int) (hm : 0 < m) (hq : 0 < q) (hlh : l ≤ h) (h1 : l * q ≤ m * p) (h2 : m * p ≤ h * q) :
    ∃ s t k : Int, 0 ≤ s ∧ 0 ≤ t ∧ 0 < s + t ∧ 0 < k ∧ l * (s + t) + (h - l) * t = k * p ∧ m * (s + t) = k * q := by
  by_cases hw : l < h
  · have hst : h * q - m * p + (m * p - l * q) = (h - l) * q := by
      rw [Int.sub_mul h l q]
      omega
    have hmp : m * p = l * q + (m * p - l * q) := by omega
    have hwp : 0 < h - l := by omega
    refine Exists.intro (h * q - m * p) (Exists.intro (m * p - l * q) (Exists.intro (m * (h - l)) ?_))
    refine And.intro (by omega) (And.intro (by omega) (And.intro ?_ (And.intro ?_ (And.intro ?_ ?_))))
    · rw [hst]
      exact Int.mul_pos hwp hq
    · exact Int.mul_pos hm hwp
    · rw [hst, id_side l (h - l) q (m * p - l * q), id_swap m (h - l) p]
      exact congrArg (fun y => (h - l) * y) hmp.symm
    · rw [hst]
      exact (Int.mul_assoc m (h - l) q).symm
  · have e : h = l := by omega
    have ehl : h * q = l * q := by rw [e]
    refine Exists.intro q (Exists.intro 0 (Exists.intro m ?_))
    refine And.intro (by omega) (And.intro (by omega) (And.intro (by omega) (And.intro hm (And.intro ?_ ?_))))
    · rw [Int.add_zero q, Int.mul_zero (h - l), Int.add_zero (l * q)]
      omega
    · rw [Int.add_zero q]

theorem positive_sound (ds : List Nat) :
    ∀ (bs : List Side) (x : List (Int × Int)) (c : Poly ds),
      positive ds bs c = true → InBox bs x → 0 < value ds x c := by
  induction ds with
  | nil =>
    intro bs x c h _
    cases bs with
    | nil => exact isPositive_sound c h
    | cons b bs =>
      have h' : false = true := h
      exact absurd h' (by decide)
  | cons d ds ih =>
    intro bs x c h hx
    cases bs with
    | nil =>
      have h' : false = true := h
      exact absurd h' (by decide)
    | cons b bs =>
      cases x with
      | nil =>
        have h' : False := hx
        exact False.elim h'
      | cons v vs =>
        have h' : (isPositive b.den && (isAtMost b.low b.high && allPass (positive ds bs) d (onSide ds b d c))) = true :=
          h
        have hx' : (0 < v.2 ∧ b.low * v.2 ≤ b.den * v.1 ∧ b.den * v.1 ≤ b.high * v.2) ∧ InBox bs vs := hx
        have hden : 0 < b.den := isPositive_sound b.den (both_left h')
        have hends : b.low ≤ b.high := isAtMost_sound b.low b.high (both_left (both_right h'))
        have hall : allPass (positive ds bs) d (onSide ds b d c) = true := both_right (both_right h')
        have hpass : ∀ a : Poly ds, positive ds bs a = true → 0 < value ds vs a := fun a ha => ih bs vs a ha hx'.2
        obtain ⟨s, t, k, hs, ht, hst, hk, hp, hq⟩ :=
          mean b.low b.high b.den v.1 v.2 hden hx'.1.1 hends hx'.1.2.1 hx'.1.2.2
        have above : 0 < horner (value ds vs) s t d (onSide ds b d c) :=
          allPass_sound (f := value ds vs) (pass := positive ds bs) hpass hs ht hst d (onSide ds b d c) hall
        have e : horner (value ds vs) s t d (onSide ds b d c) = pw k d * horner (value ds vs) v.1 v.2 d c := by
          rw [horner_onSide ds vs b d c s t, hp, hq]
          exact horner_scale k v.1 v.2 d c
        rw [e] at above
        exact pos_of_mul_pos (pw_pos hk d) above

theorem halves (i : Nat) :
    ∀ (bs : List Side) (x : List (Int × Int)), InBox bs x → InBox (lowerHalf i bs) x ∨ InBox (upperHalf i bs) x := by
  induction i with
  | zero =>
    intro bs x hx
    cases bs with
    | nil => exact Or.inl hx
    | cons b bs =>
      cases x with
      | nil =>
        have h' : False := hx
        exact False.elim h'
      | cons v vs =>
        have hx' : (0 < v.2 ∧ b.low * v.2 ≤ b.den * v.1 ∧ b.den * v.1 ≤ b.high * v.2) ∧ InBox bs vs := hx
        have h0 : 0 < v.2 := hx'.1.1
        have h1 : b.low * v.2 ≤ b.den * v.1 := hx'.1.2.1
        have h2 : b.den * v.1 ≤ b.high * v.2 := hx'.1.2.2
        have e1 : 2 * b.low * v.2 = 2 * (b.low * v.2) := Int.mul_assoc 2 b.low v.2
        have e2 : 2 * b.high * v.2 = 2 * (b.high * v.2) := Int.mul_assoc 2 b.high v.2
        have e3 : 2 * b.den * v.1 = 2 * (b.den * v.1) := Int.mul_assoc 2 b.den v.1
        have e4 : (b.low + b.high) * v.2 = b.low * v.2 + b.high * v.2 := Int.add_mul b.low b.high v.2
        by_cases hh : 2 * (b.den * v.1) ≤ b.low * v.2 + b.high * v.2
        · have g : (0 < v.2 ∧ 2 * b.low * v.2 ≤ 2 * b.den * v.1 ∧ 2 * b.den * v.1 ≤ (b.low + b.high) * v.2)
              ∧ InBox bs vs := by
            rw [e1, e3, e4]
            exact And.intro (And.intro h0 (And.intro (by omega) hh)) hx'.2
          exact Or.inl g
        · have g : (0 < v.2 ∧ (b.low + b.high) * v.2 ≤ 2 * b.den * v.1 ∧ 2 * b.den * v.1 ≤ 2 * b.high * v.2)
              ∧ InBox bs vs := by
            rw [e2, e3, e4]
            exact And.intro (And.intro h0 (And.intro (by omega) (by omega))) hx'.2
          exact Or.inr g
  | succ i ih =>
    intro bs x hx
    cases bs with
    | nil => exact Or.inl hx
    | cons b bs =>
      cases x with
      | nil =>
        have h' : False := hx
        exact False.elim h'
      | cons v vs =>
        have hx' : (0 < v.2 ∧ b.low * v.2 ≤ b.den * v.1 ∧ b.den * v.1 ≤ b.high * v.2) ∧ InBox bs vs := hx
        cases ih bs vs hx'.2 with
        | inl h => exact Or.inl (And.intro hx'.1 h)
        | inr h => exact Or.inr (And.intro hx'.1 h)

/-! ## What follows -/

theorem onePasses_sound {R : Type} {pass : R → Bool} {P : R → Prop} (hp : ∀ a, pass a = true → P a) (i : Nat) :
    ∀ as : List R, onePasses pass i as = true → AnyOf P as := by
  induction i with
  | zero =>
    intro as h
    cases as with
    | nil =>
      have h' : false = true := h
      exact absurd h' (by decide)
    | cons a as => exact Or.inl (hp a h)
  | succ i ih =>
    intro as h
    cases as with
    | nil =>
      have h' : false = true := h
      exact absurd h' (by decide)
    | cons a as => exact Or.inr (ih as h)

theorem proves_sound (ds : List Nat) (ps : List (Poly ds)) (tree : Tree) :
    ∀ (bs : List Side) (x : List (Int × Int)),
      proves ds ps tree bs = true → InBox bs x → AnyOf (fun (p : Poly ds) => 0 < value ds x p) ps := by
  induction tree with
  | leaf i =>
    intro bs x h hx
    exact onePasses_sound (pass := positive ds bs) (fun p hp => positive_sound ds bs x p hp hx) i ps h
  | halve i lower upper ihl ihu =>
    intro bs x h hx
    have h' : (proves ds ps lower (lowerHalf i bs) && proves ds ps upper (upperHalf i bs)) = true := h
    cases halves i bs x hx with
    | inl hl => exact ihl (lowerHalf i bs) x (both_left h') hl
    | inr hu => exact ihu (upperHalf i bs) x (both_right h') hu

/-- A claim that passes holds. -/
theorem checkClaim_sound (c : Claim) (h : checkClaim c = true) : Holds c :=
  fun x hx => proves_sound c.degrees c.polynomials c.tree c.box x h hx

/-- Claims that pass hold, all of them. -/
theorem check_sound (cs : List Claim) (h : check cs = true) : Safe cs := by
  induction cs with
  | nil => exact True.intro
  | cons c cs ih =>
    have h' : (checkClaim c && check cs) = true := h
    exact And.intro (checkClaim_sound c (both_left h')) (ih (both_right h'))

/-- One more claim that holds. -/
theorem Safe.more {c : Claim} {cs : List Claim} (h : Holds c) (hs : Safe cs) : Safe (c :: cs) := And.intro h hs

end Zaphod
