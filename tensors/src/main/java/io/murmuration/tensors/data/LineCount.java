package io.murmuration.tensors.data;

import java.util.List;

/** Reads files from front to back, refuses what is not as it should be, and counts lines; see {@link Documents}. */
final class LineCount implements Documents.Sink {

    private long lines;

    private LineCount() {}

    /** @throws DataException naming the file that is unreadable, not UTF-8, or not JSON lines where it should be */
    static long of(List<Source> sources, String textKey) {
        LineCount count = new LineCount();
        for (Source source : sources) {
            long before = count.lines;
            Documents.read(source, textKey, count);
            if (source.kind() == Source.Kind.JSON_LINES && count.lines == before) {
                throw new DataException(source.name() + ": expected lines of JSON, the file is empty");
            }
        }
        return count.lines;
    }

    @Override
    public void text(char[] buffer, int from, int to) {}

    @Override
    public void endLine() {
        lines++;
    }

    @Override
    public void endDocument() {}
}
