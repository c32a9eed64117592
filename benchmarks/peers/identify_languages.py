"""Language identifiers over the same texts: a label a text, and seconds for whole documents, load apart.

The argument names the tool, a file of texts to label, one of documents to time, and a model where the tool needs one.
"""

import json
import sys
import time

from texts_file import read


def fasttext(model):
    import fasttext

    loaded = fasttext.load_model(model)
    return lambda text: loaded.predict(text.replace("\n", " "))[0][0].removeprefix("__label__")


def heliport(model):
    from heliport import Identifier

    identifier = Identifier()
    return lambda text: identifier.identify(text)


def lingua(model):
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()

    def identify(text):
        found = detector.detect_language_of(text)
        return found.iso_code_639_1.name.lower() if found else "und"

    return identify


def py3langid(model):
    import py3langid

    return lambda text: py3langid.classify(text)[0]


def pycld2(model):
    import pycld2

    def identify(text):
        try:
            return pycld2.detect(text)[2][0][1]
        except pycld2.error:
            return "und"

    return identify


TOOLS = {"fasttext": fasttext, "heliport": heliport, "lingua": lingua, "py3langid": py3langid, "pycld2": pycld2}


def main():
    arguments = json.loads(sys.argv[1])
    started = time.perf_counter()
    identify = TOOLS[arguments["tool"]](arguments.get("model"))
    identify("Dette er en sætning.")
    startup = time.perf_counter() - started
    labels = [identify(one["text"]) for one in read(arguments["texts"])]
    documents = [one["text"] for one in read(arguments["documents"])][: arguments.get("most")]
    seconds = []
    for _ in range(arguments["rounds"]):
        started = time.perf_counter()
        for text in documents:
            identify(text)
        seconds.append(time.perf_counter() - started)
    size = sum(len(text.encode()) for text in documents)
    print(json.dumps({"labels": labels, "seconds": seconds, "bytes": size, "startup": startup}))


main()
