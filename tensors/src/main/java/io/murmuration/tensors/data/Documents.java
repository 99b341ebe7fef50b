package io.murmuration.tensors.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;

/**
 * Reads the documents of a file one after the other. A line is what ends in a line feed, or the rest of the file; in JSON
 * lines a line is a document, and blank ones are passed over.
 */
final class Documents {

    /** A document on one line is held on the heap; longer ones are a mistake far more often than a text. */
    static final int MAX_LINE = 64 << 20;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(MAX_LINE)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Hears of a document's text, then of its end, then of the end of the line that it ends with. */
    interface Sink {
        /** A piece of a document; the array is used again. */
        void text(char[] buffer, int from, int to) throws IOException;

        /** All that was heard since the last line's end is a line. */
        void endLine() throws IOException;

        void endDocument() throws IOException;
    }

    private Documents() {}

    /**
     * @param textKey where a line of JSON has its document
     * @throws DataException if the file is unreadable, not UTF-8, or a line of it is not what it should be; names it
     */
    static void read(Source source, String textKey, Sink sink) {
        try (InputStream in = source.opener().open()) {
            switch (source.kind()) {
                case TEXT -> new Text(sink).read(source.name(), in);
                case JSON_LINES -> new JsonLines(source.name(), textKey, sink).read(in);
            }
        } catch (IOException e) {
            throw Source.unreadable(source.name(), e);
        }
    }

    private static final class Text {
        private final Sink sink;
        /** A line feed was read, but what follows is not known: the document's end may come before the line's. */
        private boolean ended;

        private boolean open;

        Text(Sink sink) {
            this.sink = sink;
        }

        void read(String name, InputStream in) throws IOException {
            Utf8Reader.read(name, in, this::characters);
            sink.endDocument();
            if (ended || open) {
                sink.endLine();
            }
        }

        private void characters(char[] buffer, int count) throws IOException {
            int from = 0;
            for (int i = 0; i < count; i++) {
                if (ended) {
                    sink.endLine();
                    ended = false;
                }
                if (buffer[i] == '\n') {
                    sink.text(buffer, from, i + 1);
                    from = i + 1;
                    ended = true;
                }
            }
            if (from < count) {
                sink.text(buffer, from, count);
            }
            open = count > 0 ? !ended : open;
        }
    }

    private static final class JsonLines {
        private final String name;
        private final String textKey;
        private final Sink sink;
        private final StringBuilder line = new StringBuilder();
        private long number = 1;

        JsonLines(String name, String textKey, Sink sink) {
            this.name = name;
            this.textKey = textKey;
            this.sink = sink;
        }

        void read(InputStream in) throws IOException {
            Utf8Reader.read(name, in, this::characters);
            endLine();
        }

        private void characters(char[] buffer, int count) throws IOException {
            int from = 0;
            for (int i = 0; i < count; i++) {
                if (buffer[i] == '\n') {
                    append(buffer, from, i);
                    endLine();
                    number++;
                    from = i + 1;
                }
            }
            append(buffer, from, count);
        }

        private void append(char[] buffer, int from, int to) {
            if (line.length() + (long) to - from > MAX_LINE) {
                throw refused("at most " + MAX_LINE + " characters", "more");
            }
            line.append(buffer, from, to - from);
        }

        private void endLine() throws IOException {
            if (!line.toString().isBlank()) {
                char[] text = document().toCharArray();
                sink.text(text, 0, text.length);
                sink.endDocument();
                sink.endLine();
            }
            line.setLength(0);
        }

        private String document() {
            JsonNode json;
            try {
                json = JSON.readTree(line.toString());
            } catch (JsonProcessingException e) {
                throw refused("a JSON object", "\"" + beginning() + "\" (" + e.getOriginalMessage() + ")");
            }
            if (!json.path(textKey).isTextual()) {
                throw refused("a JSON object with text under \"" + textKey + "\"", "\"" + beginning() + "\"");
            }
            return json.path(textKey).textValue();
        }

        private String beginning() {
            int shown = 60; // enough to find the line again
            return line.length() <= shown ? line.toString() : line.substring(0, shown) + "...";
        }

        private DataException refused(String expected, String got) {
            return new DataException(name + ":" + number + ": expected " + expected + ", got " + got);
        }
    }
}
