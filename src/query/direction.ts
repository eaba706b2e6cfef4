/** Which of two values of a metric is the better one. */
import type { SeriesSummary } from '../model/record.ts';

/** `none`: a number that is neither good nor bad, such as a count of rows. */
export type Direction = 'higher' | 'lower' | 'none';

/** Words in names of metrics, as scikit-learn, Keras, PyTorch Lightning and Hugging Face call theirs. */
const lower = /(^|[_\W])(loss|losses|error|errors|err|mse|rmse|rmsle|mae|mape|smape|mad|logloss|nll|perplexity|ppl|wer|cer|fpr|fnr|brier|divergence|kl|duration|seconds|latency|time|misclassified|failures|residual|regret|gini_impurity|fid|ece)([_\W]|$)/i;
const higher = /(^|[_\W])(acc|accuracy|auc|roc|auroc|prauc|precision|recall|f1|fbeta|f1score|r2|score|scores|map|ndcg|mrr|iou|miou|dice|bleu|rouge|meteor|kappa|mcc|jaccard|throughput|reward|return|likelihood|specificity|sensitivity|psnr|ssim|correlation|r|tpr|tnr|hit|hits|top1|top5|silhouette|purity)([_\W]|$)/i;

/** By the metric's name; the last word that says something decides: `score_time` is a time. */
export function directionOf(name: string): Direction {
  // `valLoss`, `rocAuc`: words begin with capitals too.
  const words = name.replaceAll(/([a-z\d])([A-Z])/g, '$1_$2').split(/[^A-Za-z\d]+/);
  for (const word of words.reverse()) {
    if (lower.test(word)) return 'lower';
    if (higher.test(word)) return 'higher';
  }
  return 'none';
}

/** The best value of a series by its metric's direction; the last one where there is none. */
export function bestOf(series: SeriesSummary): number {
  const direction = directionOf(series.name);
  return (direction === 'lower' ? series.min : direction === 'higher' ? series.max : undefined) ?? Number(series.last);
}
