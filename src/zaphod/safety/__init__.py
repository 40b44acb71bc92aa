"""What may pass, who can prove it, and how it is kept: guard, audit, vault. Knows no model, no engine and no HTTP."""
