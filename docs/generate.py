"""Writes configs/schema.json, which the program knows, and what the pages in this folder have between
`<!-- begin ... -->` and `<!-- end -->`: tables of fields from that schema, examples from configs/, columns of result files
from the program, sources, timeline pictures.

usage: generate.py PROGRAM     (./dev docs builds the program and calls it)
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent
# The section of configuration.md that describes what a definition of the schema stands for.
SECTIONS = {"compute": "compute", "network": "network", "scheme": "schemes", "axis": "sweep", "verify": "verify",
            "expectation": "expect", "failure": "failure", "base-model": "compute-models",
            "worker-class": "worker-classes", "ports": "ports"}


def read(path):
    """JSON in which whole lines may be comments."""
    return json.loads(re.sub(r"^\s*//.*$", "", (SOURCE / path).read_text(encoding="utf-8"), flags=re.MULTILINE))


def schema(program):
    """The text of configs/schema.json: the fields that this program reads."""
    return subprocess.run([program, "list", "schema"], check=True, capture_output=True, text=True).stdout


def use(text):
    """What the tables are made of from here on."""
    SCHEMA.clear()
    SCHEMA.update(json.loads(text))
    DEFINITIONS.clear()
    DEFINITIONS.update(SCHEMA["definitions"])


SCHEMA, DEFINITIONS = {}, {}
use((SOURCE / "configs/schema.json").read_text(encoding="utf-8"))


def resolved(rule):
    """A rule, and the name of the definition it refers to, if it does."""
    if isinstance(rule, dict) and "$ref" in rule:
        name = rule["$ref"].rsplit("/", 1)[1]
        return {**DEFINITIONS[name], **{key: value for key, value in rule.items() if key != "$ref"}}, name
    return rule, None


# ---- which fields an object has: its variants ----------------------------------------------------------------------


def question(test):
    """What an "if" asks: (field, what about it, the answer for which it holds)."""
    if "properties" not in test:
        return test["required"][0], "given", True
    (field, rule), = test["properties"].items()
    return (field, "value", rule["const"]) if "const" in rule else (field, "list", rule["type"] == "array")


def parts(rule, answers):
    """The rule and all it includes under these answers; raises Unanswered for a question that is not among them."""
    rule, _ = resolved(rule)
    if not isinstance(rule, dict):
        return
    yield rule
    for part in rule.get("allOf", []):
        yield from parts(part, answers)
    if "if" in rule:
        field, about, wanted = question(rule["if"])
        if (field, about) not in answers:
            raise Unanswered(field, about)
        yield from parts(rule.get("then" if answers[field, about] == wanted else "else", True), answers)


class Unanswered(Exception):
    pass


def fields_of(rule, answers):
    """{name: (its rule, whether required)} of an object under answers that leave no question open."""
    found, allowed, required = {}, None, set()
    for part in parts(rule, answers):
        for name, field in part.get("properties", {}).items():
            if field is False:
                found[name] = None
            else:  # {} says no more than that the field is allowed
                known, definition = found.get(name) or {}, resolved(field)[1]
                found[name] = {**known, **resolved(field)[0], "definition": definition or known.get("definition")}
        if part.get("additionalProperties") is False:
            patterns = "|".join(part.get("patternProperties", {"$^": 0}))
            named = {name for name in found if name in part.get("properties", {}) or re.match(patterns, name)}
            allowed = named if allowed is None else allowed & named
        required |= set(part.get("required", []))
    return {name: (field, name in required) for name, field in found.items()
            if field is not None and (allowed is None or name in allowed)}


def variants(rule, answers):
    """[(answers, fields)] for every way to answer the questions that are open."""
    try:
        return [(answers, fields_of(rule, answers))]
    except Unanswered as unanswered:
        field, about = unanswered.args
        options = [False, True]
        if about == "value":
            options = next(choices["enum"] for part in all_parts(rule)
                           if "enum" in (choices := resolved(part.get("properties", {}).get(field, {}))[0]))
        return [variant for option in options for variant in variants(rule, {**answers, (field, about): option})]


def all_parts(rule):
    """All parts of a rule, whatever the questions are."""
    rule, _ = resolved(rule)
    if isinstance(rule, dict):
        yield rule
        for part in [*rule.get("allOf", []), rule.get("then"), rule.get("else")]:
            yield from all_parts(part)


# ---- a table of fields ---------------------------------------------------------------------------------------------


def code(value):
    return f"`{value if isinstance(value, str) and value else json.dumps(value)}`"


def number(value):
    return re.sub(r"e\+0*", "e", f"{value:g}") if isinstance(value, float) else str(value)


def values(rule):
    """The values a field takes, in words."""
    rule, name = resolved(rule)
    name = rule.get("definition") or name
    if name in SECTIONS:
        return f"[{SECTIONS[name]}](#{SECTIONS[name]})"
    if "anyOf" in rule:
        return " or ".join(values(option) for option in rule["anyOf"])
    if "const" in rule:
        return code(rule["const"])
    if "enum" in rule:
        return ", ".join(map(code, rule["enum"]))
    kind = rule.get("type")
    if isinstance(kind, list):  # a number, or a text with its unit: see "Quantities"
        kind = kind[0]
    if kind in ("integer", "number"):
        signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
        bounds = [f"{sign} {number(rule[key])}" for key, sign in signs.items() if key in rule]
        return " ".join(["whole number" if kind == "integer" else "number", ", ".join(bounds)]).strip()
    if kind == "array":
        return "list" + (f" of {values(rule['items'])}" if "items" in rule else "").replace("number", "numbers")
    if kind == "object" and isinstance(rule.get("additionalProperties"), dict):
        return f"object of {values(rule['additionalProperties'])}"
    return {"string": "text", "boolean": "`true`, `false`", "object": "object"}.get(kind, "any")


def meaning(rule, linked):
    text = rule.get("description", "")
    for value, words in zip(rule.get("enum", []), rule.get("enumDescriptions", [])):
        text += f"<br>{f'[{code(value)}](#{value})' if linked else code(value)}: {words}"
    return text


def condition(field, about, answer):
    if about == "value":
        return f"with `{field}` {code(answer)}"
    if about == "list":
        return f"where `{field}` is {'' if answer else 'not '}a list"
    return f"{'with' if answer else 'without'} `{field}`"


def line(*cells):
    """A line of a table."""
    return "| " + " | ".join(text.replace("|", "\\|") for text in cells) + " |"


def rows(forms, prefix="", left_out=()):
    """The lines of a table, one a field of any of these variants."""
    names = dict.fromkeys(name for _, fields in forms for name in fields if name not in left_out)
    for name in names:
        having = [(answers, fields[name]) for answers, fields in forms if name in fields]
        rule = having[0][1][0]
        needed = all(required for _, (_, required) in having)
        when = ""
        if len(having) < len(forms):
            common = set.intersection(*(set(answers.items()) for answers, _ in having))
            common -= set.intersection(*(set(answers.items()) for answers, _ in forms))
            when = ", ".join(condition(*key, answer) for key, answer in sorted(common, key=str))
            needed = needed and bool(when)
        default = "required" if needed else code(rule["default"]) if "default" in rule else ""
        plug_ins = name in ("model", "scheme") and "enumDescriptions" in rule  # each with a section of its own
        words = (f"Only {when}. " if when else "") + meaning(rule, plug_ins)
        yield line(f"`{prefix}{name}`", "a name" if plug_ins else values(rule), default, rule.get("unit", ""), words)
        if rule.get("type") == "object" and "properties" in rule and rule.get("definition") not in SECTIONS:
            yield from rows(variants(rule, {}), f"{prefix}{name}/")


def table(rule, answers=None, left_out=()):
    lines = list(rows(variants(rule, answers or {}), left_out=left_out))
    if not lines:
        return "It has no further fields.\n"
    return "\n".join([line("field", "values", "default", "unit", "meaning"), "|---|---|---|---|---|", *lines]) + "\n"


# ---- the blocks ----------------------------------------------------------------------------------------------------


def fields(name):
    """The fields of the configuration ("top") or of a definition, without those of the single models and schemes."""
    rule = SCHEMA if name == "top" else DEFINITIONS[name]
    properties = dict(rule["properties"])
    if {"$ref": "#/definitions/compute-model"} in rule.get("allOf", []):
        properties["model"] = properties.get("model", DEFINITIONS["compute-model"]["properties"]["model"])
        rule = {**rule, "required": ["model", *rule["required"]]}
    return table({**rule, "properties": dict(sorted(properties.items(), key=lambda item: item[0] != "model")),
                  "allOf": []})


def named(definition, field):
    """(name, what it is) of every scheme or model."""
    rule = resolved(DEFINITIONS[definition]["properties"][field])[0]
    return zip(rule["enum"], rule["enumDescriptions"])


def example(value, file):
    return f"```json\n{value}\n```\n(from [{file}](../{file}))\n"


def one_line(value):
    return json.dumps(value, ensure_ascii=False)


def models():
    text = ""
    for name, what in named("compute-model", "model"):
        file = f"configs/models/{name}.json"
        text += f"### {name}\n\n{what}.\n\n"
        text += table(DEFINITIONS["compute-model"], {("model", "value"): name}, ["model"]) + "\n"
        text += example(f'"compute": {one_line(read(file)["compute"])}', file) + "\n"
    return text


def networks():
    text = ""
    for name, what in named("network", "model"):
        text += f"### {name}\n\n{what}\n\n"
        text += table(DEFINITIONS["network"], {("model", "value"): name}, ["model", "downlink"]) + "\n"
    return text


def schemes():
    text = ""
    for name, what in named("scheme", "scheme"):
        file = f"configs/smoke/{name}.json"
        answers = {("scheme", "value"): name}
        text += f"### {name}\n\n{what} [More](schemes.md#{name}).\n\n"
        text += table(DEFINITIONS["scheme"], answers, ["scheme", "label"]) + "\n"
        shown = []  # the file's first scheme of each variant
        for given, _ in variants(DEFINITIONS["scheme"], answers):
            wanted = {field: answer for (field, about), answer in given.items() if about == "value"}
            shown.append(one_line(next(scheme for scheme in read(file)["schemes"] if wanted.items() <= scheme.items())))
        text += example("\n".join(shown), file) + "\n"
    return text


def columns(program, file):
    """The columns of a result file, as `straggle list columns` tells them."""
    told = subprocess.run([program, "list", "columns"], check=True, capture_output=True, text=True).stdout
    section = re.search(rf"^{re.escape(file)}\n((?:  .*\n)+)", told, re.MULTILINE)[1]
    told = [re.split(r"  +", row.strip(), maxsplit=2) for row in section.splitlines()]
    lines = [line(f"`{name}`", "" if unit == "-" else unit, words) for name, unit, words in told]
    return "\n".join([line("column", "unit", "meaning"), "|---|---|---|", *lines]) + "\n"


def smallest(scheme):
    """A whole configuration with the first scheme of the scheme's smallest run."""
    config = read(f"configs/smoke/{scheme}.json")
    lines = [f'  "workers": {config["workers"]}', f'  "compute": {one_line(config["compute"])}',
             f'  "schemes": [{one_line(config["schemes"][0])}]']
    return "```json\n{\n" + ",\n".join(lines) + "\n}\n```\n"


def timeline(scheme):
    """The picture of a trial, and the command that draws it."""
    return (f"![What each of twelve workers does in one trial of {scheme}](timelines/{scheme}.svg)\n\n"
            f"```\nstraggle replay configs/schemes.json --scheme {scheme} --picture {scheme}.svg\n```\n")


def timelines(program, folder):
    """{file below docs/: its bytes} of the pictures that timeline() shows."""
    result = {}
    for name, _ in named("scheme", "scheme"):
        picture = pathlib.Path(folder, f"{name}.svg")
        subprocess.run([program, "replay", "configs/schemes.json", "--scheme", name, "--picture", picture], cwd=SOURCE,
                       check=True, capture_output=True)
        result[f"timelines/{name}.svg"] = picture.read_bytes()
    return result


def figure1(program, folder):
    """Figure 1 of the GC-MMC paper, as `./dev run` draws it."""
    subprocess.run([program, "run", "experiments/gc-mmc/figure1.json", "--out", folder], cwd=SOURCE, check=True,
                   capture_output=True)
    subprocess.run(["/usr/bin/python3", SOURCE / "plots/gc_mmc_figure1.py", "results.csv", "-o", "figure1.svg"],
                   cwd=folder, check=True, capture_output=True)
    # Drawn from the same numbers by any build: of the version only the release is kept.
    drawn = re.sub(r"(straggle \d+\.\d+\.\d+), [^<\n]*", r"\1", pathlib.Path(folder, "figure1.svg").read_text("utf-8"))
    return {"figure1.svg": drawn.encode()}


def shell_word(text):
    return text if re.fullmatch(r"[\w\-+=./:,@%]+", text) else "'" + text.replace("'", "'\\''") + "'"


def quantity(claim):
    """What a claim measures, in words: `time: GC / LCC, of the least trial`."""
    over = claim.get("over", {})
    text = f"{claim['metric']}: {claim['scheme']}"
    if "over" in claim:
        metric = f"{over['metric']}: " if over.get("metric", claim["metric"]) != claim["metric"] else ""
        text += f" / {metric}{over.get('scheme', claim['scheme'])}"
    places = [", ".join(f"{path} = {json.dumps(value)}" for path, value in at.items())
              for at in (claim.get("at", {}), over.get("at", {})) if at]
    if places:
        text += f"; at {' / '.join(places)}"
    extreme = {"minimum": "least", "maximum": "greatest"}.get(claim.get("statistic"))
    return text + (f"; the {extreme} of all trials" if extreme else "")


def says(claim):
    """What the number has to be if the sentence is right."""
    rule = claim.get("says", {"about": claim["value"], "within": claim.get("within", 0.01)})
    if "about" in rule:
        return f"{rule['about']:.6g} ± {100 * rule['within']:g} %"
    return " and ".join(sign + f" {rule[key]:.6g}" for key, sign in (("at_least", "≥"), ("at_most", "≤")) if key in rule)


def claims(part):
    """The ledger: a table of the claims of every paper, or how many verdicts there are."""
    ledger = read("experiments/claims.json")
    if part == "verdicts":
        counts = {}
        for claim in ledger["claims"]:
            counts[claim["verdict"]] = counts.get(claim["verdict"], 0) + 1
        return (f"{len(ledger['claims'])} claims: "
                + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + ".\n")
    text = ""
    for name, title in ledger["papers"].items():
        text += f"## {name}\n\n{title}.\n\n"
        text += "| where | claim | verdict | number | if so | found | rerun |\n|---|---|---|---|---|---|---|\n"
        for claim in ledger["claims"]:
            if claim["paper"] != name:
                continue
            command = f"build/straggle run experiments/{claim['configuration']}"
            for path, value in claim.get("set", {}).items():
                command += " --set " + shell_word(f"{path}={json.dumps(value, ensure_ascii=False)}")
            rerun = f"`{command}`"
            if "test" in claim:
                rerun += f"<br>`./dev test -R {shell_word(re.escape(claim['test']).replace(chr(92) + ' ', ' '))}`"
            words = claim["claim"] + (f"<br>*{claim['why']}*" if "why" in claim else "")
            found = f"{claim['value']:.6g} ± {100 * claim.get('within', 0.01):g} %<br>({claim['source']})"
            text += line(claim["where"], words, f"**{claim['verdict']}**", quantity(claim), says(claim), found,
                         rerun) + "\n"
        text += "\n"
    return text


def source(file):
    language = {".cpp": "cpp", ".json": "jsonc"}[pathlib.Path(file).suffix]
    return f"```{language}\n{(SOURCE / file).read_text(encoding='utf-8')}```\n"


def pages(program):
    """{file below docs/: its bytes} of the pages."""
    blocks = {"fields": fields, "models": models, "networks": networks, "schemes": schemes, "smallest": smallest,
              "columns": lambda file: columns(program, file), "source": source, "timeline": timeline,
              "claims": claims}
    begin_to_end = re.compile(r"<!-- begin (.*?) -->\n.*?<!-- end -->", re.DOTALL)
    result = {}
    for path in sorted((SOURCE / "docs").glob("*.md")):
        def written(match):
            kind, *arguments = match[1].split()
            return f"<!-- begin {match[1]} -->\n{blocks[kind](*arguments)}<!-- end -->"

        result[path.name] = begin_to_end.sub(written, path.read_text(encoding="utf-8")).encode()
    return result


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = str(pathlib.Path(sys.argv[1]).resolve())
    use(schema(program))
    with tempfile.TemporaryDirectory() as folder:
        of_docs = {**pages(program), **timelines(program, folder), **figure1(program, folder)}
    written = {"configs/schema.json": schema(program).encode(),
               **{f"docs/{name}": content for name, content in of_docs.items()}}
    for name, content in written.items():
        path = SOURCE / name
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            print(f"written: {name}")


if __name__ == "__main__":
    main()
