"""Runs ONNX's own tests of nodes, and the small models that its package carries, through tenfold:

    python3 tests/onnx_node_tests.py build/test/tests/onnx_cases [--list]

The onnx package makes the cases. Where it is not installed the script says so and ends with 77, which is ctest's word
for skipped. A case that is refused when its file is read has an operator, an attribute or a type that is not supported;
they are counted by reason, and --list names them. A case that is read has to give its outputs;
where operations have to know an input before the net runs, with that input as a weight.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings

try:
    import onnx
    from onnx import numpy_helper
    from onnx.backend.test.case.node import collect_testcases
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)


def write_cases(folder):
    """A folder of each test of a node: the model, inputs and outputs of each call, and how near they have to be."""
    names = []
    for case in collect_testcases(None):
        here = folder / case.name
        here.mkdir()
        names.append(here)
        (here / "model.onnx").write_bytes(case.model.SerializeToString())
        (here / "tolerance").write_text(f"{case.rtol} {case.atol}")
        for number, call in enumerate(case.data_sets):
            to = here / f"test_data_set_{number}"
            to.mkdir()
            for role, values in zip(("input", "output"), call):
                for i, value in enumerate(values):
                    try:
                        tensor = value if isinstance(value, onnx.TensorProto) else numpy_helper.from_array(value)
                        content = tensor.SerializeToString()
                    except Exception:  # a sequence or an optional value: of operators that are not tenfold's
                        continue
                    (to / f"{role}_{i}.pb").write_bytes(content)
    return names


def carried_cases():
    data = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
    return sorted(p.parent for p in data.glob("*/*/model.onnx") if (p.parent / "test_data_set_0").exists())


def reason(text):
    """What a refusal is counted under."""
    for pattern, name in (
        (r"\((\w+)(?: of the domain [^)]*)?\): the operator is not supported", r"operator \1"),
        (r"type is ([\w ]+), which is not supported", r"type \1"),
        (r"a cast to ([\w ]+) is not supported", r"type \1"),
        (r"\b(float16|bfloat16) is a type of stored weights", r"type \1"),
        (r"the type of its second input is not known", "CastLike of unsupported types"),
        (r"it has version (\d+) of the operators", r"version \1 of the operators"),
        (r"which version of ONNX.s operators", "operators of other domains alone"),
        (r"(windows|images) of 3 dimensions", r"\1 of 3 dimensions"),
        (r"\((\w+)\): output .* is not supported", r"outputs of \1"),
        (r"\((\w+)\): (.*) is not supported", r"\1: \2"),
    ):
        found = re.search(pattern, text)
        if found:
            return found.expand(name)
    return text.splitlines()[-1]


# What a net says of a case that its operations, which have PyTorch's rules, do not do.
KNOWN = (
    (r"nothing is computed in (\w+) here", r"arithmetic of \1"),
    (r"does not compute in (\w+)", r"arithmetic of \1"),
    (r"Expected reduction dim \d+ to have non-zero size", "the extreme of no elements"),
)


def sorted_out(kind, text):
    """passed, refused or failed, and why."""
    if kind == "failed":
        for pattern, name in KNOWN:
            found = re.search(pattern, text)
            if found:
                return "refused", found.expand(name)
    return kind, reason(text) if kind == "refused" else text


def main():
    warnings.simplefilter("ignore")
    program, listing = sys.argv[1], "--list" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        folders = write_cases(pathlib.Path(name)) + carried_cases()
        answer = subprocess.run([program], input="\n".join(map(str, folders)), stdout=subprocess.PIPE, text=True)
    by_kind = {kind: collections.defaultdict(list) for kind in ("passed", "refused", "failed")}
    for kind, path, text in re.findall(r"^(passed|refused|failed) (\S+): ?(.*(?:\n  .*)*)", answer.stdout, re.M):
        kind, why = sorted_out(kind, text)
        by_kind[kind][why].append(pathlib.Path(path).name)
    passed, refused, failed = (sum(map(len, by_kind[kind].values())) for kind in by_kind)
    others = sum(len(names) for why, names in by_kind["refused"].items() if why.startswith(("operator", "version")))
    print(f"onnx {onnx.__version__}: {passed} of {len(folders) - others} cases pass, and {others} more have operators, or "
          "versions of all operators, that are not supported")  # fmt: skip
    for why, names in sorted(by_kind["refused"].items(), key=lambda item: -len(item[1])):
        print(f"  {len(names):4} {why}" + (": " + " ".join(names) if listing else ""))
    for why, names in by_kind["failed"].items():
        print(f"failed {' '.join(names)}: {why}")
    if answer.returncode or passed + refused + failed != len(folders) or failed or not passed:
        sys.exit(f"{passed + refused + failed} answers, exit status {answer.returncode}")


if __name__ == "__main__":
    main()
