import Checker

/-! What the checker must refuse, and the little that it must accept beside it. -/

namespace Zaphod

/-- `x - 1`, on a box. -/
def lineOn (box : List Side) (tree : Tree) : Claim :=
  Claim.mk [1] box [([-1, 1] : List Int)] tree

example : checkClaim (lineOn [⟨2, 3, 1⟩] (Tree.leaf 0)) = true := by decide +kernel

-- At 1 it is 0.
example : checkClaim (lineOn [⟨1, 3, 1⟩] (Tree.leaf 0)) = false := by decide +kernel

-- A box without a denominator has no meaning.
example : checkClaim (lineOn [⟨2, 3, 0⟩] (Tree.leaf 0)) = false := by decide +kernel

-- Its ends are the wrong way round.
example : checkClaim (lineOn [⟨3, 2, 1⟩] (Tree.leaf 0)) = false := by decide +kernel

-- There is no second polynomial.
example : checkClaim (lineOn [⟨2, 3, 1⟩] (Tree.leaf 1)) = false := by decide +kernel

-- A side too many, and one too few.
example : checkClaim (lineOn [⟨2, 3, 1⟩, ⟨2, 3, 1⟩] (Tree.leaf 0)) = false := by decide +kernel
example : checkClaim (lineOn [] (Tree.leaf 0)) = false := by decide +kernel

-- A coefficient that lacks counts as 0, and 0 is not above 0.
example : checkClaim (Claim.mk [1] [⟨0, 1, 1⟩] [([] : List Int)] (Tree.leaf 0)) = false := by decide +kernel

/-- `3 x² - 3 x + 1` is above 0, but its coefficients from 0 to 1 are not: halved once, they are. -/
def bowl (tree : Tree) : Claim :=
  Claim.mk [2] [⟨0, 1, 1⟩] [([1, -3, 3] : List Int)] tree

example : checkClaim (bowl (Tree.leaf 0)) = false := by decide +kernel
example : checkClaim (bowl (Tree.halve 0 (Tree.leaf 0) (Tree.leaf 0))) = true := by decide +kernel

-- What is proved says what it should: at 5/2, which is in the box, `x - 1` times 2 is above 0.
example : 0 < value [1] [(5, 2)] ([-1, 1] : List Int) := by
  have all : Holds (lineOn [⟨2, 3, 1⟩] (Tree.leaf 0)) :=
    checkClaim_sound (lineOn [⟨2, 3, 1⟩] (Tree.leaf 0)) (by decide +kernel)
  have there : (0 < (2 : Int) ∧ (2 : Int) * 2 ≤ 1 * 5 ∧ (1 : Int) * 5 ≤ 3 * 2) ∧ True := by decide
  have h : AnyOf (fun (p : Poly [1]) => 0 < value [1] [(5, 2)] p) [([-1, 1] : List Int)] := all [(5, 2)] there
  cases h with
  | inl h => exact h
  | inr h => exact False.elim h

end Zaphod

#print axioms Zaphod.check_sound
