"""examples/serving as its users call it, over a model that the real program has trained and exported."""

import copy
import json
import math
import os
import random
import shutil
import sys
import unittest

import numpy as np
import onnxruntime
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from chromium import Chromium
from served_model import EXAMPLES, TITLES, ServedModel

sys.path.insert(0, str(EXAMPLES))
from catalogue import Catalogue  # noqa: E402

RATED = [{"item": "i3", "label": 5}, {"item": "back\\slash", "label": 2}, {"item": "två", "label": 4}]
ARGUMENTS = [f"{row['item']}={row['label']}" for row in RATED]


def setUpModule():
    global model
    model = ServedModel()


def tearDownModule():
    model.stop()


def recommend(**question):
    status, answer = model.ask("POST", "/recommend", {"support": RATED} | question)
    assert status == 200, answer
    return answer


def tensor(name, value):
    return {
        "name": name,
        "shape": list(value.shape),
        "datatype": "INT64" if value.dtype.kind == "i" else "FP32",
        "data": value.ravel().tolist(),
    }


def infer(name, values):
    """One graph by the v2 protocol: outputs of those values that it takes."""
    taken = [value["name"] for value in model.ask("GET", f"/v2/models/{name}")[1]["inputs"]]
    status, answer = model.ask(
        "POST", f"/v2/models/{name}/infer", {"inputs": [tensor(key, values[key]) for key in taken]}
    )
    assert status == 200, answer
    return {
        output["name"]: np.array(output["data"], np.float32).reshape(output["shape"]) for output in answer["outputs"]
    }


class RecommendationsTest(unittest.TestCase):
    def test_are_those_of_warmstart_predict(self):
        rows = "".join(f"{row['item']},{row['label']}\n" for row in RATED)
        (model.folder / "support.csv").write_text("item,rating\n" + rows)
        predicted = json.loads(
            model.warmstart(
                "predict", "--model", "models/shop", "--support", "support.csv", "--explain", "--deviation", "--json"
            ).splitlines()[-1]
        )["recommendations"]
        found = recommend()["recommendations"]
        self.assertEqual([one["item"] for one in found], [one["item"] for one in predicted])
        for ours, theirs in zip(found, predicted):
            for name in ("score", "deviation", "prior"):
                self.assertAlmostEqual(ours[name], theirs[name], delta=1e-4)
            influences, expected = (
                {reason["item"]: reason["influence"] for reason in one["reasons"]} for one in (ours, theirs)
            )
            self.assertEqual(influences.keys(), expected.keys())
            for item, influence in influences.items():
                self.assertAlmostEqual(influence, expected[item], delta=1e-4)

    def test_reasons_and_prior_add_up_to_the_score(self):
        influences = 0
        for one in recommend(top=40)["recommendations"]:
            total = one["prior"] + sum(reason["influence"] for reason in one["reasons"])
            self.assertAlmostEqual(one["unexplained"], 0, delta=1e-4)
            self.assertAlmostEqual(min(max(total, 1), 5), one["score"], delta=1e-4)
            influences += sum(abs(reason["influence"]) for reason in one["reasons"])
        self.assertGreater(influences, 0.1)

    def test_leave_out_what_is_rated_unless_it_is_asked_for(self):
        everything = recommend(top=1000)["recommendations"]
        self.assertEqual(len(everything), 43 - 3)
        self.assertFalse({one["item"] for one in everything} & {row["item"] for row in RATED})
        asked = recommend(candidates=["i3", "i4"])["recommendations"]
        self.assertEqual({one["item"] for one in asked}, {"i3", "i4"})

    def test_of_asked_candidates_are_those_of_all(self):
        everything = {one["item"]: one["score"] for one in recommend(top=1000)["recommendations"]}
        for one in recommend(candidates=["i4", {"item": "i5"}, "a\tb\u2028c"])["recommendations"]:
            self.assertAlmostEqual(one["score"], everything[one["item"]], delta=1e-5)

    def test_of_no_candidate_are_none(self):
        self.assertEqual(recommend(candidates=[])["recommendations"], [])

    def test_fields_count(self):
        def scores(**question):
            return [one["score"] for one in recommend(candidates=["i4"], **question)["recommendations"]]

        told = {"row.device": "phone", "item.year": 1990}
        plain = scores()
        self.assertNotEqual(plain, scores(task={"task.group": "g1", "task.age": 70}))
        self.assertNotEqual(plain, scores(support=[row | {"fields": told} for row in RATED]))
        self.assertEqual(plain, scores(task={"task.age": None}))
        new = recommend(candidates=[{"item": "new", "fields": {"item.genres": ["loud"], "item.year": 1e308}}])
        self.assertEqual(new["unknown"], {"items": 1, "values": 0})

    def test_unknown_keys_are_counted(self):
        answer = recommend(
            support=RATED + [{"item": "unheard of", "label": 3, "fields": {"row.device": "watch"}}],
            candidates=["i4", {"item": "also unheard of", "fields": {"item.genres": ["loud", "no", "neither"]}}],
        )
        self.assertEqual(answer["unknown"], {"items": 2, "values": 3})
        self.assertEqual([row["known"] for row in answer["support"]], [True, True, True, False])
        self.assertEqual(len(answer["recommendations"]), 2)

    def test_the_latest_rows_count(self):
        most = model.ask("GET", "/health")[1]["most_support"]
        rows = [{"item": f"i{i}", "label": 1} for i in range(2, 38)] + [{"item": "i3", "label": 4}]
        answer = recommend(support=rows)
        self.assertEqual(len(answer["support"]), most)
        self.assertEqual(answer["left_out"], len(rows) - most)
        self.assertEqual([(row["item"], row["label"]) for row in answer["support"]][-2:], [("i37", 1), ("i3", 4)])
        self.assertEqual(answer["recommendations"], recommend(support=rows[-most:])["recommendations"])

    def test_titles_are_found(self):
        self.assertEqual(
            model.ask("GET", "/items?search=SCH%C3%B6NER")[1],
            {"found": 1, "items": [{"item": "i1", "title": TITLES["i1"]}]},
        )
        everything = model.ask("GET", "/items")[1]
        self.assertEqual((everything["found"], len(everything["items"])), (43, 20))
        self.assertEqual(model.ask("GET", "/items?search=nothing%20of%20it")[1], {"found": 0, "items": []})

    def test_health_tells_the_version(self):
        status, health = model.ask("GET", "/health")
        self.assertEqual(status, 200)
        self.assertEqual((health["model"], health["version"], health["items"]), ("shop", "1", 43))
        self.assertEqual(health["label"], {"name": "rating", "min": 1, "max": 5})


def rated(**row):
    return {"support": [{"item": "i3", "label": 5} | row]}


BAD_QUESTIONS = [
    (rated(label=9), "support.0: label 9 is outside [1, 5]"),
    (rated(label=0.99), "label 0.99 is outside"),
    (rated(label=math.nan), "support.0.label"),
    (rated(label=math.inf), "support.0.label"),
    (rated(label=10**400), "support.0.label"),
    (rated(label="5"), "support.0.label"),
    (rated(label=True), "support.0.label"),
    (rated(label=None), "support.0.label"),
    (rated(item=3), "support.0.item"),
    (rated(when=3), "support.0.when"),
    ({"support": [{"item": "i3"}]}, "support.0.label: Field required"),
    ({"support": [{"label": 3}]}, "support.0.item: Field required"),
    ({"support": {}}, "support: "),
    ({"support": [3]}, "support.0"),
    ({"supports": []}, "supports: "),
    ({"top": 0}, "top: "),
    ({"top": 1001}, "top: "),
    ({"top": 2.5}, "top: "),
    ({"top": "3"}, "top: "),
    ({"candidates": "all"}, "candidates: "),
    ({"candidates": [3]}, "candidates.0"),
    ({"candidates": [{"item": "i3", "label": 3}]}, "candidates.0.label"),
    ({"candidates": ["i3"] * 10001}, "candidates: "),
    ({"task": {"task.nothing": "x"}}, "task: there is no field 'task.nothing'"),
    ({"task": {"row.device": "phone"}}, "task: there is no field 'row.device'"),
    ({"task": []}, "task: "),
    ({"task": {"task.age": "old"}}, "task.age 'old' is no finite number"),
    ({"task": {"task.age": math.inf}}, "task.age 'inf' is no finite number"),
    ({"task": {"task.age": 10**400}}, "is no finite number"),
    ({"task": {"task.group": 3}}, "task.group takes a text"),
    (rated(fields={"task.age": 3}), "support.0: there is no field 'task.age'"),
    (rated(fields={"item.genres": "loud"}), "item.genres takes a list of texts"),
    (rated(fields={"item.genres": ["x"] * 101}), "item.genres has 101 values; 100 at most"),
    (
        {"candidates": [{"item": "x", "fields": {"item.year": False}}]},
        "candidates.0: item.year 'False' is no finite number",
    ),
    ([], "body: "),
    (None, "body: "),
    (b"", "body: "),
    (b"{", "body: "),
    (b"\xff\xfe", "body: "),
    (b'{"top": 3} 4', "body: "),
    (b"[" * 100_000, "body: "),
]


class BadInputTest(unittest.TestCase):
    def refused(self, status, phrase, answer):
        self.assertEqual(answer[0], status, answer)
        self.assertEqual(list(answer[1]), ["error"])
        self.assertIn(phrase, answer[1]["error"])
        self.assertNotIn("\n", answer[1]["error"])

    def test_questions_are_refused_in_one_line(self):
        for question, phrase in BAD_QUESTIONS:
            with self.subTest(str(question)[:80]):
                body = b"null" if question is None else question
                self.refused(422, phrase, model.ask("POST", "/recommend", body))

    def test_a_large_body_is_refused(self):
        self.refused(413, "more than 1048576 bytes", model.ask("POST", "/recommend", b" " * (4 << 20)))
        self.refused(422, "body: ", model.ask("POST", "/recommend", b" " * (1 << 20)))

    def test_what_is_not_there_is_refused(self):
        self.refused(404, "Not Found", model.ask("GET", "/nothing"))
        self.refused(405, "Method Not Allowed", model.ask("GET", "/recommend"))
        self.refused(422, "search", model.ask("GET", "/items?search=" + "x" * 201))
        self.refused(404, "no model 'other'", model.ask("GET", "/v2/models/other"))
        self.refused(404, "version 2", model.ask("GET", "/v2/models/shop/versions/2"))

    def test_a_service_of_nothing_ends_in_one_line(self):
        shutil.copytree(model.folder / "models", model.folder / "damaged")
        (model.folder / "damaged/shop-score/1/model.onnx").write_bytes(b"\x08\x08")
        (model.folder / "empty.csv").write_text("")
        for arguments in (
            ["models/none"],
            ["damaged/shop"],
            ["models/shop", "--titles", "empty.csv"],
            ["models"],
            ["models/shop", "--titles", "absent.csv"],
            ["models/shop", "--titles", "items.csv", "--title-column", "none"],
        ):
            result = model.example("service.py", *arguments)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (1, 1), result.stderr)
            self.assertTrue(result.stderr.startswith("service.py: "), result.stderr)

    def test_bad_arguments_of_the_examples_end_without_a_trace(self):
        for arguments in (
            [],
            ["nowhere"],
            [model.version, "i3"],
            [model.version, "i3=x"],
            [model.version, "i3=9"],
            [model.version, "i3=nan"],
        ):
            for result in (
                model.example("recommend.py", *arguments),
                model.example("triton_client.py", model.url, *arguments),
                model.run(os.environ["WARMSTART_EXAMPLE"], *arguments),
            ):
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertNotIn("Traceback", result.stderr)
                self.assertEqual(result.stdout, "")


JUNK = [
    None,
    True,
    -1,
    0,
    3,
    1.5,
    1e308,
    1e-320,
    10**400,
    2**63,
    2**62,
    math.nan,
    -math.inf,
    "",
    "i3",
    "\ud800",
    "\0",
    "x" * 5000,
    [],
    {},
    [[]],
    [None],
    ["i3"],
    {"item": "i3"},
]


def places(tree, path=()):
    yield path
    for key, child in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from places(child, (*path, key))


def changed(draw, tree):
    """The tree with junk in one place, or without it, or with a surplus one beside it."""
    *path, last = draw.choice([place for place in places(tree) if place])
    tree = parent = copy.deepcopy(tree)
    for key in path:
        parent = parent[key]
    change = draw.randrange(3)
    if change == 0:
        parent[last] = draw.choice(JUNK)
    elif change == 1:
        del parent[last]
    elif isinstance(parent, dict):
        parent[draw.choice(["item", "surplus", "shape", "row.device"])] = draw.choice(JUNK)
    else:
        parent.append(draw.choice(JUNK))
    return tree


def question(draw):
    keys = [*TITLES, "i2", "i3", "i30", "unknown", ""]
    fields = {
        "row.device": draw.choice(["phone", "watch"]),
        "item.year": draw.choice([None, 3, -1e308, 1e308]),
        "item.genres": draw.choices(["loud", "calm", "?"], k=draw.randrange(4)),
    }

    def some():
        return {name: value for name, value in fields.items() if draw.random() < 0.5}

    asked = {
        "support": [
            {"item": draw.choice(keys), "label": draw.uniform(1, 5), "fields": some()}
            for _ in range(draw.randrange(30))
        ],
        "task": {"task.group": "g1", "task.age": 30},
        "top": draw.randint(1, 1000),
    }
    if draw.random() < 0.5:
        asked["candidates"] = [{"item": draw.choice(keys), "fields": some()} for _ in range(draw.randrange(30))]
    return asked


def tensors(draw, catalogue):
    """A request to any of the graphs, with inputs that its memory has not."""
    count = draw.randrange(4)
    rows = [catalogue.row(draw.choice(list(TITLES))) for _ in range(count)]
    values = catalogue.support(rows, [draw.uniform(1, 5) for _ in rows]) | catalogue.inputs("candidates", rows)
    return {"inputs": [tensor(name, value) for name, value in values.items()]}


class RandomRequestsTest(unittest.TestCase):
    def test_none_is_answered_by_a_failure(self):
        draw, catalogue = random.Random(7), Catalogue(model.version)
        before, statuses = recommend(), {}
        graphs = list(catalogue.model["graphs"])
        for number in range(2000):
            is_inference = draw.random() < 0.3
            body = tensors(draw, catalogue) if is_inference else question(draw)
            path = f"/v2/models/{draw.choice(graphs)}/infer" if is_inference else "/recommend"
            for _ in range(draw.randrange(3)):
                body = changed(draw, body)
            if draw.random() < 0.1:
                body = bytearray(json.dumps(body).encode())
                for _ in range(draw.randint(1, 5)):
                    body[draw.randrange(len(body))] = draw.randrange(256)
                body = bytes(body[: draw.randint(1, len(body))])
            status, answer = model.ask("POST", path, body)
            self.assertIn(status, (200, 400, 413, 422), f"{number}: {body!r} {answer}")
            if status != 200:
                self.assertTrue(answer["error"] and "\n" not in answer["error"], answer)
            statuses[path == "/recommend", status] = statuses.get((path == "/recommend", status), 0) + 1
        self.assertGreater(statuses[True, 200], 300)
        self.assertGreater(statuses[True, 422], 300)
        self.assertGreater(statuses[False, 200], 10)
        self.assertEqual(recommend(), before)
        self.assertNotIn("Traceback", model.log.read_text())


class OtherClientsTest(unittest.TestCase):
    def expect_like_python(self, ours, theirs):
        self.assertEqual((ours.returncode, theirs.returncode), (0, 0), ours.stderr + theirs.stderr)
        rows = [[line.rsplit("\t", 1) for line in result.stdout.strip("\n").split("\n")] for result in (ours, theirs)]
        self.assertEqual(len(rows[0]), 10)
        self.assertEqual([key for key, _ in rows[0]], [key for key, _ in rows[1]])
        for (_, score), (_, other) in zip(*rows):
            self.assertAlmostEqual(float(score), float(other), delta=2e-6)

    def test_cpp_recommends_what_python_does(self):
        many = [f"i{i}={i % 5 + 1}" for i in range(2, 39)] + ["i3=2", "unheard of=3"]
        for arguments in ([], ARGUMENTS, many):
            self.expect_like_python(
                model.run(os.environ["WARMSTART_EXAMPLE"], model.version, *arguments),
                model.example("recommend.py", model.version, *arguments),
            )

    def test_the_triton_client_recommends_what_python_does(self):
        for arguments in ([], ARGUMENTS):
            self.expect_like_python(
                model.example("triton_client.py", model.url, model.version, *arguments),
                model.example("recommend.py", model.version, *arguments),
            )

    def test_python_recommends_what_the_service_does(self):
        printed = model.example("recommend.py", model.version, *ARGUMENTS).stdout.strip("\n").split("\n")
        self.assertEqual(
            [line.rsplit("\t", 1)[0] for line in printed], [one["item"] for one in recommend()["recommendations"]]
        )

    def test_a_kept_memory_takes_one_more_row(self):
        catalogue = Catalogue(model.version)
        rows, labels = [catalogue.row(row["item"]) for row in RATED], [row["label"] for row in RATED]
        memory = infer("shop-adapt", catalogue.support(rows[:2], labels[:2]))
        memory = infer("shop-update", catalogue.support(rows[2:], labels[2:]) | memory)
        candidates = catalogue.inputs("candidates", [catalogue.row("i4"), catalogue.row("i5")])
        updated = infer(
            "shop-score", {name.removeprefix("updated."): value for name, value in memory.items()} | candidates
        )
        at_once = infer("shop", catalogue.support(rows, labels) | candidates)
        np.testing.assert_allclose(updated["scores"], at_once["scores"], atol=1e-4)


class TritonConfigTest(unittest.TestCase):
    TYPES = {"tensor(int64)": model_config_pb2.TYPE_INT64, "tensor(float)": model_config_pb2.TYPE_FP32}

    def values(self, values):
        return [
            (value.name, self.TYPES[value.type], [size if isinstance(size, int) else -1 for size in value.shape])
            for value in values
        ]

    def test_describes_the_graph(self):
        folders = sorted((model.folder / "models").iterdir())
        self.assertEqual([folder.name for folder in folders], ["shop", "shop-adapt", "shop-score", "shop-update"])
        for folder in folders:
            config = text_format.Parse((folder / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())
            self.assertEqual((config.name, config.backend, config.max_batch_size), (folder.name, "onnxruntime", 0))
            session = onnxruntime.InferenceSession(folder / "1/model.onnx", providers=["CPUExecutionProvider"])
            for told, found in ((config.input, session.get_inputs()), (config.output, session.get_outputs())):
                self.assertCountEqual(
                    [(value.name, value.data_type, list(value.dims)) for value in told], self.values(found)
                )


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Chromium()
        cls.addClassCleanup(cls.browser.close)

    def open(self, fragment=""):
        self.browser.open(f"http://{model.url}/#{fragment}")
        self.browser.wait_for("document.querySelector('#recommendations > li')")

    def texts(self, selector):
        return self.browser.evaluate(
            f"[...document.querySelectorAll({json.dumps(selector)})].map(found => found.textContent)"
        )

    def test_shows_recommendations_and_why(self):
        self.open("i3=5&back%5Cslash=2&tv%C3%A5=4&i0=1")
        told = recommend(support=RATED + [{"item": "i0", "label": 1}])["recommendations"]
        self.assertEqual(self.texts("#recommendations > li > .title"), [one["title"] for one in told])
        self.assertEqual(self.texts("#support .title"), [TITLES["i0"], "Two", "Backslash", "Film 6"])
        for i, one in enumerate(told, 1):
            self.assertEqual(
                self.texts(f"#recommendations > li:nth-child({i}) > .score"),
                [f"{one['score']:.2f} ± {one['deviation']:.2f}"],
            )
            *terms, total = [
                float(text.replace("\u2212", "-")) for text in self.texts(f"#recommendations > li:nth-child({i}) .by")
            ]
            self.assertEqual(len(terms), 5)
            self.assertAlmostEqual(sum(terms), total, delta=0.03)
            self.assertAlmostEqual(total, one["output"], delta=0.0051)

    def test_is_worked_with_a_mouse_and_keys(self):
        self.open()
        self.assertIn("Nothing is rated yet", self.texts("#notes")[0])
        self.browser.evaluate("document.getElementById('search').focus()")
        self.browser.call("Input.insertText", text="<b>zero")
        self.browser.wait_for("document.querySelectorAll('#found button').length === 1")
        self.browser.evaluate("document.querySelector('#found button').click()")
        self.browser.wait_for("document.querySelector('#recommendations .up, #recommendations .down')")
        self.assertEqual(self.texts("#support .title"), [TITLES["i0"]])
        self.browser.evaluate("document.querySelector('.labels button').click()")
        self.browser.wait_for("document.querySelector('.what:nth-of-type(4)').textContent.endsWith('rated 1')")
        self.assertEqual(self.browser.evaluate("location.hash"), "#i0=1")
        self.browser.evaluate("document.querySelector('.remove').click()")
        self.browser.wait_for("!document.querySelector('#recommendations .up, #recommendations .down')")
        self.assertEqual(self.texts("#support li"), [])

    def test_shows_what_is_refused(self):
        self.browser.open(f"http://{model.url}/#i3=9")
        self.browser.wait_for("document.getElementById('refusal')?.textContent")
        self.assertIn("label 9 is outside [1, 5]", self.texts("#refusal")[0])


if __name__ == "__main__":
    unittest.main()
