"""raw, hub -> encoders: one folder of one form for every encoder, wherever it comes from.

Reads   catalogue.encoders, data/raw/{source}/
Writes  data/encoders/{encoder}/{encoder.json,config.json,model.safetensors}, and
        {tokenizer.json,vocab.txt} of text encoders; encoders.lock, the commits of encoders of the hub
"""


rule encoder:
    """Bring one encoder here: its tensors checked, named and stored as every job reads them."""
    input:
        source=encoder_source,
        digests=encoder_digests,
        tokenizer=encoder_tokenizer,
        beside=beside_only(encoder_tokenizer),
    output:
        facts="<encoders>/{encoder}/encoder.json",
        config="<encoders>/{encoder}/config.json",
        weights="<encoders>/{encoder}/model.safetensors",
    log:
        "<logs>/encoder/{encoder}.log",
    benchmark:
        "<logs>/benchmarks/encoder/{encoder}.tsv"
    priority: 20
    # On a cluster the head node has the network, others often have none.
    localrule: True
    conda:
        "../../envs/train.yaml"
    params:
        record=encoder_record,
        demands=encoder_demands,
        code=code_digest("encoder"),
    script:
        "../../scripts/encoder.py"


if IN_STORAGE:

    use rule encoder as text_encoder with:
        """The same of an encoder with word pieces: in storage a rule must name all its files."""
        output:
            facts="<encoders>/{encoder}/encoder.json",
            config="<encoders>/{encoder}/config.json",
            weights="<encoders>/{encoder}/model.safetensors",
            tokenizer="<encoders>/{encoder}/tokenizer.json",
        wildcard_constraints:
            encoder="|".join(TEXT_ENCODERS),

    ruleorder: text_encoder > encoder
