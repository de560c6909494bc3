"""Tables with a header: which columns are values of a series, and series of several rows."""

import numpy as np
import pytest

from seqtransfer.corpora.converters import series
from seqtransfer.corpora.series import CHANNEL
from seqtransfer.corpora.symbol_tables import read_symbols

RNG = np.random.default_rng(0)


def read(tmp_path, header, lines, **options):
    text = "\n".join([header, *lines]) + "\n"
    (tmp_path / "x.csv").write_text(text)
    return list(series.labelled_series(tmp_path, series.Options("x.csv", **options)))


def reals(count):
    return ",".join(f"{x:.3f}" for x in RNG.normal(size=count))


def integers(count):
    return ",".join(str(x) for x in RNG.integers(0, 1023, count))


LABELS = ["walk", "run"] * 12
CODES = {"walk": 11, "run": 8}


@pytest.mark.parametrize(
    ("names", "facts"),
    [
        ("subject,age", lambda n, label: f"{RNG.integers(1, 9)},{RNG.integers(20, 60)}"),
        ("subject,trial", lambda n, label: f"{RNG.integers(1, 9)},{n % 3}"),
        ("code,subject", lambda n, label: f"{CODES[label]},{RNG.integers(1, 9)}"),
    ],
)
def test_several_columns_of_whole_numbers_among_others_are_no_values(tmp_path, names, facts):
    lines = [f"{label},{facts(n, label)},{reals(5)}" for n, label in enumerate(LABELS)]
    header = f"activity,{names},t0,t1,t2,t3,t4"
    with pytest.raises(ValueError, match=r"x\.csv: .*`values:`"):
        read(tmp_path, header, lines, label="activity")
    found = read(tmp_path, header, lines, label="activity", values=r"t\d+")
    assert {len(one.symbols) for one in found} == {5} and len(found) == 24


def test_a_column_that_says_the_label_is_no_value_also_beside_whole_numbers(tmp_path):
    lines = [f"{label},{CODES[label]},{integers(5)}" for label in LABELS]
    said = r"each value of the column 'activity_id' goes with one label alone"
    with pytest.raises(ValueError, match=said):
        read(tmp_path, "activity,activity_id,a,b,c,d,e", lines, label="activity")
    lines[0] = lines[0].replace("11", "8", 1)  # now it does not
    assert len(read(tmp_path, "activity,activity_id,a,b,c,d,e", lines, label="activity")) == 24


def test_numbers_of_one_kind_are_values_whatever_they_are(tmp_path):
    for draw in (reals, integers):
        lines = [f"{label},{draw(4)}" for label in LABELS]
        assert len(read(tmp_path, "y,a,b,c,d", lines, label="y")) == 24


def points(series_of, length=5):
    """Lines of a table with a row for each point in time: series, time, x, y, label."""
    return [
        f"{name},{0.5 * t},{reals(2)},{label}" for name, label in series_of for t in range(length)
    ]


NAMED = [(f"trial{n}", label) for n, label in enumerate(LABELS)]
HEADER = "trial,time,x,y,label"


@pytest.mark.parametrize("times", ["anew", "on"])
def test_a_table_with_a_row_for_each_point_in_time_is_not_read_as_a_series_a_row(tmp_path, times):
    lines = [line.partition(",")[2] for line in points(NAMED)]
    said = r"the column 'time' rises from row to row, with .* starts?.* state `series:`"
    if times == "on":  # as dates in seconds go on
        lines = [f"{3 * n}.5,{line.partition(',')[2]}" for n, line in enumerate(lines)]
    with pytest.raises(ValueError, match=said):
        read(tmp_path, "time,x,y,label", lines, label="label")


def test_rows_of_one_series_are_its_points_in_time_and_columns_its_channels(tmp_path):
    lines = points(NAMED)
    layout = {"label": "label", "series": "trial", "time": "time"}
    found = read(tmp_path, HEADER, lines, **layout)
    assert [one.label for one in found] == LABELS
    cells = [line.split(",") for line in lines[:5]]
    assert found[0].symbols == (*[c[2] for c in cells], CHANNEL, *[c[3] for c in cells])
    # The same series, a row each, by the pattern of the values' names.
    wide = [",".join([one.label, *one.symbols[:5], *one.symbols[6:]]) for one in found]
    header = ",".join(["label", *(f"{axis}{t}" for axis in "xy" for t in range(5))])
    alike = read(tmp_path, header, wide, label="label", values="x.")
    assert [one.symbols for one in alike] == [one.symbols[:5] for one in found]
    one = read(tmp_path, HEADER, lines, values="y", group="trial", **layout)
    assert one[3].symbols == found[3].symbols[6:] and one[3].group == "trial3"
    unequal = lines[:7] + lines[10:]
    assert len(read(tmp_path, HEADER, unequal, **layout)[1].symbols) == 2 * 2 + 1


def test_a_series_of_many_rows_is_written_whole(tmp_path):
    (tmp_path / "x.csv").write_text("\n".join([HEADER, *points(NAMED)]))
    options = series.Options("x.csv", label="label", series="trial", time="time")
    series.convert(tmp_path, tmp_path / "out.symbols", options)
    assert [len(one.symbols) for one in read_symbols(tmp_path / "out.symbols")] == [11] * 24


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines[5:10] + lines[:7], r"line 12: the series 'trial1' goes on"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], r"line 3: its 'time' is 0\.0, and 0\.5"),
        (lambda lines: [lines[0].replace("walk", "run"), *lines[1:]],
         r"line 3: 'label' is 'walk', and 'run' in the first row of the series 'trial0'"),
        (lambda lines: [lines[0].replace("trial0", ""), *lines[1:]], r"line 2: column 'trial' is"),
    ],
)  # fmt: skip
def test_rows_of_a_series_that_contradict_each_other_are_named(tmp_path, change, said):
    with pytest.raises(ValueError, match=said):
        read(tmp_path, HEADER, change(points(NAMED)), label="label", series="trial", time="time")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"values": "t."}, "`values` is of a table with a header; name the column of the label"),
        ({"series": "id"}, "`series` is of a table with a header"),
        ({"label": "y", "time": "t"}, "state `series`, the column"),
        ({"label": "y", "values": "t("}, "is no regular expression"),
        ({"label": "y", "values": "(t)"}, r"has a group; write \(\?: \)"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        series.Options("x.csv", **options)


def test_a_pattern_that_no_column_fits_names_them(tmp_path):
    with pytest.raises(ValueError, match=r"pattern of `values`, 'v.', fits as a whole; .*'t10'"):
        read(tmp_path, "y,t10", ["a,1", "b,2"], label="y", values="v.")
    with pytest.raises(ValueError, match=r"fits as a whole"):
        read(tmp_path, "y,t10", ["a,1", "b,2"], label="y", values="t.")


def test_a_missing_value_of_the_last_channel_alone_is_not_its_end(tmp_path):
    lines = points(NAMED)
    lines[4] = lines[4].rsplit(",", 2)[0] + ",nan,walk"
    with pytest.raises(ValueError, match=r"'nan' at place 11 is no finite number"):
        read(tmp_path, HEADER, lines, label="label", series="trial", time="time")


@pytest.mark.parametrize("values", [None, r"t\d+"])
def test_columns_that_stand_by_name_and_not_by_number_are_refused(tmp_path, values):
    lines = [f"{label},{reals(4)}" for label in LABELS]
    more = {"values": values} if values else {}
    with pytest.raises(ValueError, match=r"x\.csv: the column 't2' stands behind 't10', and a"):
        read(tmp_path, "y,t1,t10,t2,t3", lines, label="y", **more)
    in_order = ["y,t1,t2,t3,t10", "y,a1,b10,a2,b3", "y,2,9,10,11", "y,lag_4,lag_3,lag_2,lag_1"]
    in_order += ["y,0.0,0.25,0.5,0.75", "y,4000,3998,3996,3994", "y,h6,h12,h18,h0"]
    for header in in_order:
        assert len(read(tmp_path, header, lines, label="y")) == 24


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (["9", "10", "11"], None),
        (["2020-01-09", "2020-01-10", "2020-02-01"], None),
        (["09:30", "10:00", "10:00:30"], None),
        (["2020-01-01T09:30", "2020-01-01T10:00", "2020-01-02"], None),
        (["2020-01-01T09:30Z", "2020-01-01T10:30+00:30", "2020-01-02T00:00Z"], None),
        (["2020-01-01T09:30:00.000000100", "2020-01-01T09:30:00.000000200", "2021-01-01"], None),
        (["9:00", "10:00", "11:00"], r"its 'at', '9:00', is neither a number nor a date"),
        (["1/2/2020", "10/2/2020", "2/2/2020"], r"its 'at', '1/2/2020', is neither"),
        (["2020-01-01", "2020-01-01", "2020-01-02"], r"and 2020-01-01 in the row above; sort"),
        (["2020-01-01T09:30", "2020-01-01T10:00Z", "2020-01-02"], r"write all alike"),
    ],
)
def test_the_order_of_times_is_that_of_numbers_dates_and_hours(tmp_path, times, said):
    lines = [f"{name},{at},{reals(1)},walk" for name in "ab" for at in times]
    keys = {"label": "y", "series": "id", "time": "at"}
    if said is None:
        assert [len(one.symbols) for one in read(tmp_path, "id,at,x,y", lines, **keys)] == [3, 3]
    else:
        with pytest.raises(ValueError, match=said):
            read(tmp_path, "id,at,x,y", lines, **keys)
