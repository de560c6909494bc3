"""What planning says of the processor is what training does on it."""

import pytest

from seqtransfer.study import arithmetic
from seqtransfer.training import devices


@pytest.mark.parametrize(
    ("flags", "narrow"),
    [
        ("fpu avx2 avx512f avx512_bf16 vnni", True),
        ("fpu avx512f amx_bf16 amx_tile", True),
        ("fpu avx2 avx512f", False),
        ("fpu avx512_bf16x", False),
    ],
)
def test_flags_of_the_processor_are_read_as_whole_words(flags, narrow, tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor\t: 0\nmodel name\t: any\nflags\t\t: {flags}\nbugs\t\t: none\n")
    assert arithmetic.bfloat16(path) is narrow


def test_a_system_without_the_file_is_taken_for_one_without_bfloat16(tmp_path):
    assert not arithmetic.bfloat16(tmp_path / "cpuinfo")


def test_this_processor_is_told_as_torch_tells_it():
    assert arithmetic.bfloat16() is (devices.choose_precision("cpu") == "bfloat16")
