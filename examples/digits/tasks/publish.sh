# Copies the model with the highest ROC AUC of the summary. What it reports are exported variables.
set -eu

IFS=, read -r size accuracy auc <<< "$(tail -n +2 "$RUNWEAVE_PARAM_SUMMARY_FILE" | sort -t, -k3,3 -rn | head -n 1)"
cp "$RUNWEAVE_PARAM_MODELS/svc-$size.onnx" "$RUNWEAVE_PARAM_PUBLISHED_FILE"

export RUNWEAVE_TRACK_roc_auc_macro="$auc"
export RUNWEAVE_TRACK_accuracy="$accuracy"
export RUNWEAVE_TRACK_model='{"nr_train_images": '"$size"'}'
echo "the model of $size images is published: ROC AUC $auc"
