"""Draws docs/images/demo-faces.png: seven emotions (rows) as shown by several drawn people (columns).

    python -m benchmarks.readme_picture

The same seed gives the same person, pose and light, so only the expression differs within a column. The palette is
cut to 256 colours to keep the file small; nothing else is done to the faces of `scn_core init --dataset demo`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scn_core.datasets.demo_faces import EXPRESSIONS
from scn_core.datasets.demo_faces.expression import act
from scn_core.datasets.demo_faces.face import draw_face

PEOPLE = (11, 0, 5, 4, 14, 9, 17, 10, 16, 19)
STRENGTH = 0.95
SIDE, GAP, NAMES = 88, 4, 76
PAPER, INK = (255, 255, 255), (60, 60, 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images/demo-faces.png"))
    parser.add_argument("--people", type=int, nargs="+", default=PEOPLE, help="seeds of the people, one a column")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    draw_sheet(tuple(args.people)).quantize(256, dither=Image.Dither.NONE).save(args.out, optimize=True)
    print(f"{args.out}: {args.out.stat().st_size / 1000:.0f} kB")


def draw_sheet(people: tuple[int, ...]) -> Image.Image:
    """One row an emotion, its name in front; one column a person."""
    step = SIDE + GAP
    sheet = Image.new("RGB", (NAMES + len(people) * step - GAP, len(EXPRESSIONS) * step - GAP), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=15)
    for row, emotion in enumerate(EXPRESSIONS):
        pen.text((NAMES - 10, row * step + SIDE // 2), emotion, fill=INK, font=font, anchor="rm")
        for column, seed in enumerate(people):
            face = act(emotion, STRENGTH, np.random.default_rng((seed, row)))
            picture = draw_face(face, SIDE, np.random.default_rng(seed))
            sheet.paste(picture, (NAMES + column * step, row * step))
    return sheet


if __name__ == "__main__":
    main()
