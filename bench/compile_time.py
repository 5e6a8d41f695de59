#!/usr/bin/env python3
"""The time that a file takes to compile which calls one operation, beside Eigen's product of two matrices.

    bench/compile_time.py [--compilers g++ clang++] [--runs 5] [--flags=-O2]

User time, the least of some runs in turn; a table in Markdown, whose ratios are to Eigen's (libeigen3-dev).
"""

import argparse
import os
import pathlib
import resource
import subprocess
import tempfile

INCLUDE = pathlib.Path(__file__).resolve().parent.parent / "include"

EIGEN = """#include <Eigen/Dense>
Eigen::MatrixXf product(const Eigen::MatrixXf& a, const Eigen::MatrixXf& b) { return a * b; }
"""


def one_call(call):
    return ("#include <tenfold/tenfold.hpp>\nnamespace tf = tenfold;\n"
            f"auto f(const tf::tensor<float>& x, const tf::tensor<float>& w) {{ return {call}; }}\n")


PROGRAMS = {
    "the include alone": "#include <tenfold/tenfold.hpp>\n",
    "`conv2d`": one_call("tf::conv2d(x, w, {.padding = 1})"),
    "`conv_transpose2d`": one_call("tf::conv_transpose2d(x, w, {.stride = 2})"),
    "`prepared_conv2d`": one_call("tf::prepared_conv2d<float>(w)(x)"),
    "`gemm`": one_call("tf::gemm<float>(tf::order::row_major, tf::transpose::no, tf::transpose::no, 9, 9, 9, 1,"
                       " x.data(), 9, w.data(), 9, 0, const_cast<float*>(x.data()), 9)"),
    "`max_pool2d_with_indices`": one_call("tf::max_pool2d_with_indices(x, {.kernel_size = 2})"),
    "`max_unpool2d`": one_call("tf::max_unpool2d(x, tf::tensor<tf::index_t>(x.shape()), {.kernel_size = 2})"),
    "`upsample_bilinear2d`": one_call("tf::upsample_bilinear2d(x, 64)"),
    "`im2col`": one_call("tf::im2col(x, {.kernel_size = 3})"),
    "`sigmoid`": one_call("tf::sigmoid(x)"),
}


def user_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compilers", nargs="+", default=["g++", "clang++"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--flags", default="-O2")
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    arguments = parser.parse_args()

    columns = [(compiler, mode) for compiler in arguments.compilers for mode in ("header-only", "compiled")]
    with tempfile.TemporaryDirectory() as folder:
        def command(compiler, mode, text, name):
            source = os.path.join(folder, f"{name}.cpp")
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
            define = ["-DTENFOLD_COMPILED"] if mode == "compiled" else []
            return [compiler, "-std=c++20", *arguments.flags.split(), *define, f"-I{INCLUDE}",
                    "-isystem", arguments.eigen, "-c", source, "-o", os.path.join(folder, "out.o")]

        least = {}
        for _ in range(arguments.runs):
            for compiler in arguments.compilers:
                jobs = [(compiler, "Eigen", "Eigen", EIGEN)]
                jobs += [(compiler, mode, name, text) for name, text in PROGRAMS.items()
                         for mode in ("header-only", "compiled")]
                for number, (_, mode, name, text) in enumerate(jobs):
                    seconds = user_seconds(command(compiler, mode, text, f"file{number}"))
                    key = compiler, mode, name
                    least[key] = min(seconds, least.get(key, seconds))

    print("| | " + " | ".join(f"{compiler}, {mode}" for compiler, mode in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for name in PROGRAMS:
        cells = []
        for compiler, mode in columns:
            seconds = least[compiler, mode, name]
            cells.append(f"{seconds:.2f} s, {seconds / least[compiler, 'Eigen', 'Eigen']:.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |")
    eigen = [f"{least[compiler, 'Eigen', 'Eigen']:.2f} s" for compiler, _ in columns]
    print("| Eigen, `c = a * b` | " + " | ".join(eigen) + " |")


main()
