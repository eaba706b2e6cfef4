from pathlib import Path

LAST = 10

Path("build").mkdir(exist_ok=True)
Path("build/numbers.txt").write_text("".join(f"{n}\n" for n in range(LAST, 0, -1)))
print(f"wrote {LAST} numbers")
