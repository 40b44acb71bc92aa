import Checker

-- Written by `zaphod verify --lean` for Lean 4.24.0. Do not edit.
-- plan        sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
-- contract    sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210
-- certificate sha256:e8adaa1140ea9d6c0a9de0b15a303ae1373319959ed60fc0c6151bd62f1e73da

set_option maxRecDepth 100000
set_option maxHeartbeats 0

namespace Zaphod

def claims_0 : List Claim := []

theorem safe_0 : Safe claims_0 := True.intro

-- claim_1: clearance, step 1
def claim_1_polynomial_0 : List (List Int) := [[319, 900], [-1200, 0], [900, 0]]
def claim_1_polynomial_1 : List (List Int) := [[319, 900], [-1200, 0], [900, 0]]

def claim_1 : Claim := Claim.mk [2, 1] [⟨0, 2, 1⟩, ⟨1, 2, 10⟩] [claim_1_polynomial_0, claim_1_polynomial_1]
  (Tree.halve 0 (Tree.halve 0 (Tree.leaf 0) (Tree.halve 0 (Tree.halve 1 (Tree.halve 0 (Tree.leaf 0) (Tree.leaf 0))
  (Tree.leaf 0)) (Tree.leaf 0))) (Tree.leaf 0))

theorem claim_1_holds : Holds claim_1 := checkClaim_sound claim_1 (by decide +kernel)

#print axioms claim_1_holds

def claims_1 : List Claim := claim_1 :: claims_0

theorem safe_1 : Safe claims_1 :=
  (Safe.more claim_1_holds safe_0 : Safe (claim_1 :: claims_0))

-- claim_2: clearance, step 2
def claim_2_polynomial_0 : List (List Int) := [[4, 0], [-3, 0], [0, 0]]
def claim_2_polynomial_1 : List (List Int) := [[-2, 0], [3, 0], [0, 0]]

def claim_2 : Claim := Claim.mk [2, 1] [⟨0, 2, 1⟩, ⟨1, 2, 10⟩] [claim_2_polynomial_0, claim_2_polynomial_1]
  (Tree.halve 0 (Tree.leaf 0) (Tree.leaf 1))

theorem claim_2_holds : Holds claim_2 := checkClaim_sound claim_2 (by decide +kernel)

#print axioms claim_2_holds

def claims_2 : List Claim := claim_2 :: claims_1

theorem safe_2 : Safe claims_2 :=
  (Safe.more claim_2_holds safe_1 : Safe (claim_2 :: claims_1))

/-- The 2 claims above hold at every rational point of their boxes. -/
theorem plan_0123456789abcdef : Safe claims_2 := safe_2

end Zaphod

#print axioms Zaphod.plan_0123456789abcdef
