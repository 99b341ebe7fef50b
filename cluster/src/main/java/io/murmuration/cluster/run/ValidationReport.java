package io.murmuration.cluster.run;

/**
 * A look at text the model is not trained on.
 *
 * @param step the step whose parameters were used
 * @param loss mean loss, nats per token
 * @param windows sequences looked at
 * @param bytesPerToken bytes of text per token looked at; not a number if the tokens' text is unknown
 */
public record ValidationReport(long step, double loss, int windows, double bytesPerToken) {

    /** Nats per byte of text, which compares models of different tokenisers; not a number if unknown. */
    public double lossPerByte() {
        return loss / bytesPerToken;
    }

    /** Perplexity per token. */
    public double perplexity() {
        return Math.exp(loss);
    }
}
