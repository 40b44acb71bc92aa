"""What a contract may require, one file each: from plan and contract to claims, from a counterexample to words."""
