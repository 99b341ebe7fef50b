package io.murmuration.cluster.run;

import io.murmuration.cluster.config.UserError;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Lets a byte model write: draws one byte after the other from the softmax of the logits over the temperature. The same
 * model, prompt, temperature and seed give the same text.
 */
public final class TextGenerator {

    /** Lead bytes of UTF-8 from here on announce more bytes. */
    private static final int CONTINUATION = 0b1000_0000;

    private final TextModel model;
    private final double temperature;
    private final SplittableRandom random;

    /**
     * @param temperature 0 takes the likeliest byte, 1 follows the model's odds
     * @throws UserError if the model does not read bytes or the temperature is negative
     */
    public TextGenerator(TextModel model, double temperature, long seed) {
        if (model.vocabulary() < 256) {
            throw new UserError("text is read as bytes and needs a vocabulary of at least 256, this model has "
                    + model.vocabulary());
        }
        if (!(temperature >= 0) || !Double.isFinite(temperature)) {
            throw new UserError("temperature must be 0 or more, was " + temperature);
        }
        this.model = model;
        this.temperature = temperature;
        this.random = new SplittableRandom(seed);
    }

    /**
     * Goes on from {@code prompt} for {@code count} bytes and gives those, as text.
     *
     * @throws UserError if there is no prompt, or the model gives numbers that are not finite
     */
    public String text(String prompt, int count) {
        return readable(bytes(prompt.getBytes(StandardCharsets.UTF_8), count));
    }

    byte[] bytes(byte[] prompt, int count) {
        if (prompt.length == 0) {
            throw new UserError("the prompt is empty: the model needs at least one byte to go on from");
        }
        byte[] all = Arrays.copyOf(prompt, Math.addExact(prompt.length, count));
        for (int length = prompt.length; length < all.length; length++) {
            all[length] = (byte) draw(model.next(window(all, length)));
        }
        return Arrays.copyOfRange(all, prompt.length, all.length);
    }

    /** The last bytes that the model can look back on. */
    private int[] window(byte[] all, int length) {
        int[] window = new int[Math.min(length, model.sequence())];
        for (int i = 0; i < window.length; i++) {
            window[i] = all[length - window.length + i] & 0xFF;
        }
        return window;
    }

    /** One of the 256 bytes; ids above them, if the vocabulary has any, are never drawn. */
    private int draw(float[] logits) {
        int best = 0;
        for (int id = 0; id < 256; id++) {
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
        double[] cumulative = new double[256];
        double sum = 0;
        for (int id = 0; id < 256; id++) {
            sum += Math.exp((logits[id] - (double) logits[best]) / temperature);
            cumulative[id] = sum;
        }
        double drawn = random.nextDouble() * sum;
        for (int id = 0; id < 256; id++) {
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
