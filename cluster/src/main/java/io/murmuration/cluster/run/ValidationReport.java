package io.murmuration.cluster.run;

/**
 * A look at text the model is not trained on.
 *
 * @param step the step whose parameters were used
 * @param loss mean loss, nats per byte
 * @param windows sequences looked at
 */
public record ValidationReport(long step, double loss, int windows) {

    /** Perplexity per byte. */
    public double perplexity() {
        return Math.exp(loss);
    }
}
