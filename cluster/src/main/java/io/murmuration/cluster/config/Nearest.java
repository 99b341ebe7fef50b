package io.murmuration.cluster.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** What somebody who wrote a word that does not exist may have meant. */
public final class Nearest {

    private Nearest() {}

    /** The known word with the fewest letters to change; of equals the first. Empty where nothing is known. */
    public static Optional<String> of(String word, Collection<String> known) {
        return known.stream().min(Comparator.comparingInt(each -> distance(word, each)));
    }

    /** Levenshtein's distance: letters to insert, delete or replace. */
    static int distance(String from, String to) {
        List<Integer> above = new ArrayList<>();
        for (int j = 0; j <= to.length(); j++) {
            above.add(j);
        }
        for (int i = 1; i <= from.length(); i++) {
            List<Integer> row = new ArrayList<>();
            row.add(i);
            for (int j = 1; j <= to.length(); j++) {
                int replaced = above.get(j - 1) + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                row.add(Math.min(replaced, 1 + Math.min(above.get(j), row.get(j - 1))));
            }
            above = row;
        }
        return above.get(to.length());
    }
}
