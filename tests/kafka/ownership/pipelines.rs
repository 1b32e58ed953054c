//! Topics of models and pipelines, as used by their owner from start to end: kept for audits, or
//! deleted with the model or the pipeline.

use super::{APPLY, applied, live, nothing_left, owned, planned};
use crate::harness::Test;

crate::harness::tests! { models_and_a_pipeline_come_and_go }

const ERRORS: &str = "[topics.\"@seldon.prod.errors.errors\"]\n";

/// Returns the inputs and outputs of a model or a pipeline.
fn part(kind: &str, name: &str, rest: &str) -> String {
    format!(
        "[topics.\"@seldon.prod.{kind}.{name}.{{end}}\"]\nfor_each.end = [\"inputs\", \"outputs\"]\nowner = \"ml\"\n{rest}"
    )
}

fn topics(parts: &[&str]) -> String {
    let ends = |part: &&str| {
        let ends = ["inputs", "outputs"];
        ends.map(|end| format!("seldon.prod.{part}.{end}"))
    };
    let mut all: Vec<String> = parts.iter().flat_map(ends).collect();
    all.push("seldon.prod.errors.errors".to_owned());
    all.sort();
    all.join(" ")
}

async fn models_and_a_pipeline_come_and_go(test: Test) {
    const FLAGGED: &str = "on_remove = \"delete\"\n";
    let (income, wine) = (part("model", "income", ""), part("model", "wine", FLAGGED));
    let pipeline = part("pipeline", "scoring", FLAGGED);
    let files = |parts: &[&str]| format!("{ERRORS}{}", parts.concat());
    let repository = applied(&test, &files(&[&income, &wine, &pipeline]));
    let all = ["model.income", "model.wine", "pipeline.scoring"];
    assert_eq!(live(&test).await, topics(&all));
    assert_eq!(owned(&repository).split(' ').count(), 7);
    let inputs = super::recorded(&repository, "@seldon.prod.model.wine.inputs");
    let inputs = inputs.expect("it is owned");
    assert_eq!(
        (&inputs["on_remove"], &inputs["owner"]),
        (&"delete".into(), &"ml".into())
    );

    // The pipeline is removed; its models stay.
    repository.topics(&files(&[&income, &wine]));
    assert_eq!(
        planned(&repository),
        "@seldon.prod.pipeline.scoring.inputs delete; @seldon.prod.pipeline.scoring.outputs delete"
    );
    repository
        .run("apply --yes --allow topic-deleted:@seldon.*.pipeline.*")
        .exits(0);
    assert_eq!(live(&test).await, topics(&all[..2]));

    // Both models are removed: one is kept for audits, the other was flagged.
    repository.topics(ERRORS);
    repository.run("apply --yes").exits(4).says("topic-deleted");
    repository.run(APPLY).exits(0).says("\n4 applied\n");
    assert_eq!(live(&test).await, topics(&all[..1]));
    assert_eq!(owned(&repository), "@seldon.prod.errors.errors");
    nothing_left(&repository);

    // The kept one is listed again, flagged, and deleted on its next removal: only after the flag
    // is applied.
    repository.topics(&files(&[&part("model", "income", FLAGGED)]));
    let adopted = "adopt on_remove ->delete";
    assert_eq!(
        planned(&repository),
        format!(
            "@seldon.prod.model.income.inputs {adopted}; @seldon.prod.model.income.outputs {adopted}"
        )
    );
    repository.run("apply --yes").exits(0);
    repository.topics(ERRORS);
    repository.run(APPLY).exits(0).says("\n2 applied\n");
    assert_eq!(live(&test).await, topics(&[]));
    nothing_left(&repository);
}
