"""Builds the C kernels and puts the data folders of the checkout into the package as `_data`."""

import shutil
from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
DATA_FOLDERS = ("pipelines", "filters", "datasheets")


class BuildWithData(build_py):
    def run(self):
        super().run()
        if self.editable_mode:
            return  # resources.py finds the folders in the checkout
        for folder in DATA_FOLDERS:
            target = Path(self.build_lib) / "corpus_kit" / "_data" / folder
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / folder, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))


setup(
    cmdclass={"build_py": BuildWithData},
    ext_modules=[
        Extension(
            f"corpus_kit.kernels.{Path(source).stem}",
            sources=[source],
            depends=sorted(glob("corpus_kit/kernels/*.h")),
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            extra_compile_args=["-O3", "-std=c11", "-Wall", "-Wextra"],
        )
        for source in sorted(glob("corpus_kit/kernels/*.c"))
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
