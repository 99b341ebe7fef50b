package io.murmuration.cluster.run;

import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.data.Tokeniser;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Lets a model write: draws one token after the other from the softmax of the logits over the temperature. The same
 * model, prompt, temperature and seed give the same text.
 */
public final class TextGenerator {

    /** Lead bytes of UTF-8 from here on announce more bytes. */
    private static final int CONTINUATION = 0b1000_0000;

    private final TextModel model;
    private final Tokeniser tokeniser;
    private final double temperature;
    private final SplittableRandom random;

    /**
     * @param temperature 0 takes the likeliest token, 1 follows the model's odds
     * @throws UserError if the model has no text or fewer ids than its tokeniser, or the temperature is negative
     */
    public TextGenerator(TextModel model, double temperature, long seed) {
        this.model = model;
        this.tokeniser = model.tokeniser();
        if (!tokeniser.readsText()) {
            throw new UserError(
                    "the model was trained on token files of an unknown tokeniser: it reads and writes no text");
        }
        if (model.vocabulary() < tokeniser.vocabulary()) {
            throw new UserError("the tokeniser " + tokeniser.name() + " needs a vocabulary of at least "
                    + tokeniser.vocabulary() + ", this model has " + model.vocabulary());
        }
        if (!(temperature >= 0) || !Double.isFinite(temperature)) {
            throw new UserError("temperature must be 0 or more, was " + temperature);
        }
        this.temperature = temperature;
        this.random = new SplittableRandom(seed);
    }

    /**
     * Goes on from {@code prompt} and gives what was written: {@code count} bytes, the last character whole or left out,
     * or less if the model ends the document.
     *
     * @throws UserError if there is no prompt, or the model gives numbers that are not finite
     */
    public String text(String prompt, int count) {
        int[] start = tokeniser.encode(prompt);
        if (start.length == 0) {
            throw new UserError("the prompt is empty: the model needs at least one token to go on from");
        }
        // Every token but the one that ends the document has at least one byte.
        int[] ids = Arrays.copyOf(start, Math.addExact(start.length, count));
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        int length = start.length;
        while (written.size() < count) {
            int id = draw(model.next(window(ids, length)));
            if (tokeniser.endOfText().isPresent() && tokeniser.endOfText().getAsInt() == id) {
                break;
            }
            written.writeBytes(tokeniser.bytes(id));
            ids[length++] = id;
        }
        byte[] bytes = written.toByteArray();
        return readable(bytes.length > count ? Arrays.copyOf(bytes, count) : bytes);
    }

    /** The last tokens that the model can look back on. */
    private int[] window(int[] ids, int length) {
        return Arrays.copyOfRange(ids, Math.max(0, length - model.sequence()), length);
    }

    /** One of the tokeniser's ids; those above them, if the vocabulary has any, are never drawn. */
    private int draw(float[] logits) {
        int count = tokeniser.vocabulary();
        int best = 0;
        for (int id = 0; id < count; id++) {
            if (!Float.isFinite(logits[id])) {
                throw new UserError("the checkpoint is of no use: the model gives numbers that are not finite");
            }
            if (logits[id] > logits[best]) {
                best = id;
            }
        }
        if (temperature == 0) {
            return best;
        }
        double[] cumulative = new double[count];
        double sum = 0;
        for (int id = 0; id < count; id++) {
            sum += Math.exp((logits[id] - (double) logits[best]) / temperature);
            cumulative[id] = sum;
        }
        double drawn = random.nextDouble() * sum;
        for (int id = 0; id < count; id++) {
            if (drawn < cumulative[id]) {
                return id;
            }
        }
        return best;
    }

    /**
     * Bytes as text for a terminal: what is not UTF-8 becomes U+FFFD, a character cut off at the end is dropped, and so
     * are control characters, with which a model could move the reader's cursor.
     */
    static String readable(byte[] bytes) {
        String text = new String(bytes, 0, wholeCharacters(bytes), StandardCharsets.UTF_8);
        return text.codePoints()
                .filter(point -> point == '\n' || point == '\t' || !Character.isISOControl(point))
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static int wholeCharacters(byte[] bytes) {
        // A character has at most four bytes: its lead is among the last four.
        for (int back = 1; back <= Math.min(4, bytes.length); back++) {
            int lead = bytes[bytes.length - back] & 0xFF;
            if ((lead & 0b1100_0000) != CONTINUATION) {
                int announced = lead < CONTINUATION ? 1 : Integer.numberOfLeadingZeros(~(lead << 24));
                return announced > back ? bytes.length - back : bytes.length;
            }
        }
        return bytes.length;
    }
}
