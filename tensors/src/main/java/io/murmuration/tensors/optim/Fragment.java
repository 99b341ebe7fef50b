package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.ParameterLayout.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A part of a stage's vector that is synchronised by itself: ranges of the vector, which follow each other in the
 * fragment's own vector.
 *
 * @param ranges ascending, none of them empty
 */
public record Fragment(List<Range> ranges) {

    private static final Pattern LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\..*");

    /** Numbers of the stage's vector from {@code offset} on. */
    public record Range(long offset, long length) {
        public Range {
            if (offset < 0 || length < 1) {
                throw new IllegalArgumentException(
                        "expected a range of at least 1 number, got " + length + " at " + offset);
            }
        }
    }

    public Fragment {
        ranges = List.copyOf(ranges);
    }

    /**
     * Layers dealt out in turn (Streaming DiLoCo's strided pattern, arXiv 2501.18512): fragment p of P has layers p, p + P,
     * p + 2P, ... of this stage. The embedding goes with the first layer, the last norm and the head with the last layer.
     *
     * @param fragments P, 1 to the number of layers of this stage
     */
    public static List<Fragment> strided(ParameterLayout layout, int fragments) {
        List<List<Range>> ranges = new ArrayList<>();
        for (int i = 0; i < fragments; i++) {
            ranges.add(new ArrayList<>());
        }
        int firstLayer = -1;
        int layer = 0;
        for (Parameter parameter : layout.parameters()) {
            Matcher name = LAYER.matcher(parameter.name());
            if (name.matches()) {
                int number = Integer.parseInt(name.group(1));
                firstLayer = firstLayer < 0 ? number : firstLayer;
                layer = number - firstLayer;
            }
            if (fragments > 0) {
                append(ranges.get(layer % fragments), parameter.offset(), parameter.length());
            }
        }
        if (fragments < 1 || fragments > layer + 1) {
            throw new IllegalArgumentException(
                    "fragments must be 1 to the " + (layer + 1) + " layers of the stage, was " + fragments);
        }
        return ranges.stream().map(Fragment::new).toList();
    }

    private static void append(List<Range> ranges, long offset, long length) {
        if (!ranges.isEmpty() && ranges.getLast().offset + ranges.getLast().length == offset) {
            Range last = ranges.removeLast();
            ranges.add(new Range(last.offset, last.length + length));
        } else {
            ranges.add(new Range(offset, length));
        }
    }

    /** Numbers in the fragment. */
    public long length() {
        return ranges.stream().mapToLong(Range::length).sum();
    }

    /** Copies this fragment of a stage's vector into a vector of its own. */
    public void gather(Floats whole, Floats part) {
        long at = 0;
        for (Range range : ranges) {
            part.slice(at, range.length).copyFrom(whole.slice(range.offset, range.length));
            at += range.length;
        }
    }

    /** Copies a fragment's vector to its places in a stage's vector. */
    public void scatter(Floats part, Floats whole) {
        long at = 0;
        for (Range range : ranges) {
            whole.slice(range.offset, range.length).copyFrom(part.slice(at, range.length));
            at += range.length;
        }
    }
}
