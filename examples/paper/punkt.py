"""A Punkt model of sentence ends, for `--tokenizer word_tokenize`, trained on the raw corpus itself."""
from nltk.tokenize.punkt import PunktTrainer, save_punkt_params


def train(texts, folder):
    """Train on the texts, unless `folder` holds the model already; return the folder."""
    if not folder.exists():
        trainer = PunktTrainer()
        for text in texts:
            trainer.train(text, finalize=False)
        trainer.finalize_training()
        part = folder.with_suffix(".part")
        save_punkt_params(trainer.get_params(), dir=str(part))
        part.rename(folder)
    return folder
