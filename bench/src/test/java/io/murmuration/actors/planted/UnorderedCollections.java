package io.murmuration.actors.planted;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Breaks a rule of the architecture, on purpose: each method in its own way. */
public final class UnorderedCollections {
    Map<String, String> hashMap() {
        return new HashMap<>();
    }

    Set<String> hashSet() {
        return new HashSet<>();
    }

    Supplier<Map<String, String>> referenceToHashMap() {
        return HashMap::new;
    }

    Set<String> setOf() {
        return Set.of("a", "b");
    }

    Map<String, String> mapOf() {
        return Map.of("a", "b");
    }

    Set<String> setCopy(List<String> list) {
        return Set.copyOf(list);
    }

    Set<String> collectedSet(List<String> list) {
        return list.stream().collect(Collectors.toSet());
    }

    Map<String, List<String>> grouped(List<String> list) {
        return list.stream().collect(Collectors.groupingBy(String::trim));
    }

    Map<String, String> collectedMap(List<String> list) {
        return list.stream().collect(Collectors.toMap(String::trim, String::trim));
    }
}
