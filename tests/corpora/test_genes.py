"""Genes of a made-up chromosome in the layout of pyGeno's archive."""

import gzip
import io
import tarfile

import pytest

from seqtransfer.corpora.converters import CONVERTERS, genes
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.fasta import read_fasta

CHROMOSOME = "NNACGTTGCAAGTCCATGAANN"


def gene(first, last, strand, feature="gene"):
    return f'Y\tensembl\t{feature}\t{first}\t{last}\t.\t{strand}\t.\tgene_id "x";'


def write_archive(folder, *lines, chromosome=CHROMOSOME, leave_out=None):
    wrapped = "\n".join(chromosome[i : i + 7] for i in range(0, len(chromosome), 7))
    members = {
        genes.CHROMOSOME: f">Y dna:chromosome\n{wrapped}\n",
        genes.GENES: "\n".join(["#!genome-build GRCh37", *lines]) + "\n",
    }
    members.pop(leave_out, None)
    folder.mkdir()
    with tarfile.open(folder / "Human.GRCh37.75_Y-Only.tar.gz", "w:gz") as archive:
        for name, text in members.items():
            packed = gzip.compress(text.encode())
            info = tarfile.TarInfo(name)
            info.size = len(packed)
            archive.addfile(info, io.BytesIO(packed))


def converted(tmp_path):
    CONVERTERS["genes"].convert(tmp_path / "raw", tmp_path / "genome.fasta")
    return list(read_fasta(tmp_path / "genome.fasta"))


def test_genes_are_read_in_their_own_direction_and_those_that_overlap_once(tmp_path):
    write_archive(
        tmp_path / "raw",
        gene(14, 19, "-"),
        gene(3, 8, "+"),
        gene(4, 5, "+", feature="exon"),
        gene(6, 10, "+"),
        gene(12, 12, "+"),
        gene(9, 15, "-"),
    )
    assert converted(tmp_path) == [
        Example("forward-3-10", "ACGTTGCA", "Y", None, None),
        Example("forward-12-12", "G", "Y", None, None),
        Example("reverse-9-19", "TCATGGACTTG", "Y", None, None),
    ]


@pytest.mark.parametrize(
    "line",
    [
        gene(0, 3, "+"),
        gene(5, 4, "+"),
        gene(5, 23, "+"),
        gene(5, "?", "+"),
        gene(5, 6, "."),
        gene(5, 6, "+").rpartition("\t")[0],
    ],
)
def test_a_gene_that_is_nowhere_on_the_chromosome_is_named(line, tmp_path):
    write_archive(tmp_path / "raw", gene(3, 8, "+"), line)
    with pytest.raises(ValueError, match=r"Y-Only\.tar\.gz: .*gtf\.gz: line 3: expected a gene"):
        converted(tmp_path)
    assert not (tmp_path / "genome.fasta").exists()


@pytest.mark.parametrize("name", [genes.CHROMOSOME, genes.GENES])
def test_an_archive_without_one_of_its_files_is_named(name, tmp_path):
    write_archive(tmp_path / "raw", gene(3, 8, "+"), leave_out=name)
    with pytest.raises(ValueError, match=f"Y-Only.tar.gz: has no member {name}"):
        converted(tmp_path)


def test_an_archive_that_is_missing_is_named(tmp_path):
    (tmp_path / "raw").mkdir()
    with pytest.raises(ValueError, match=r"holds 0 files called Human\.GRCh37"):
        converted(tmp_path)


def test_a_damaged_archive_is_named(tmp_path):
    write_archive(tmp_path / "raw", gene(3, 9, "+"))
    archive = tmp_path / "raw/Human.GRCh37.75_Y-Only.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"Y-Only\.tar\.gz: cannot be read .*delete it and rerun"):
        genes.convert(tmp_path / "raw", tmp_path / "x.fasta")
