"""Worked examples shown before problems, the same in every run; written for this project, none is of a benchmark."""

from __future__ import annotations

STORY_PROBLEMS: tuple[tuple[str, str], ...] = (
    (
        "A baker fills 6 trays with 12 rolls each. She sells 50 rolls. How many rolls are left?",
        "6 trays of 12 rolls are 6 * 12 = 72 rolls. After 50 are sold, 72 - 50 = 22 are left.\n#### 22",
    ),
    (
        "Nadia reads 15 pages a day from Monday to Friday and 30 pages on each day of the weekend. "
        "How many pages does she read in a week?",
        "On five days she reads 5 * 15 = 75 pages. On the weekend she reads 2 * 30 = 60 pages. "
        "Together that is 75 + 60 = 135 pages.\n#### 135",
    ),
    (
        "A bus ticket costs $4. Children pay half. What do two adults and three children pay?",
        "A child pays 4 / 2 = $2. Two adults pay 2 * 4 = $8, three children 3 * 2 = $6. Together 8 + 6 = $14.\n#### 14",
    ),
    (
        "A tank holds 200 litres and is a quarter full. A pump adds 25 litres a minute. "
        "After how many minutes is the tank full?",
        "There are 200 / 4 = 50 litres in it, so 200 - 50 = 150 litres are missing. "
        "At 25 litres a minute that takes 150 / 25 = 6 minutes.\n#### 6",
    ),
    (
        "Omar has three times as many stamps as Lea. Lea has 8 stamps fewer than Finn, who has 20. "
        "How many stamps do the three have?",
        "Lea has 20 - 8 = 12 stamps. Omar has 3 * 12 = 36. Together they have 20 + 12 + 36 = 68 stamps.\n#### 68",
    ),
)
"""In GSM8K's manner of working."""

MATHEMATICS: tuple[tuple[str, str], ...] = (
    (
        "What is the sum of the two roots of $x^2-7x+10=0$?",
        "The polynomial factors as $(x-2)(x-5)$, so the roots are 2 and 5. Their sum is $\\boxed{7}$.",
    ),
    (
        "Simplify $\\frac{18}{24}$.",
        "Both are divisible by 6: $\\frac{18}{24}=\\frac{3}{4}$. The answer is $\\boxed{\\frac{3}{4}}$.",
    ),
    (
        "A square has a diagonal of length $6$. What is its area?",
        "With side $s$, $s\\sqrt{2}=6$, so $s^2=\\frac{36}{2}=18$. The area is $\\boxed{18}$.",
    ),
    (
        "How many two-digit numbers are multiples of $9$?",
        "They run from $9\\cdot 2=18$ to $9\\cdot 11=99$, which is $11-2+1=\\boxed{10}$ numbers.",
    ),
)
"""With the answer in a box, as MATH has it."""
