package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Knows how to compute one kind of case. It must take every number from the case, so that new cases of that kind need
 * no code, and must compare every tensor whose role is {@code expected}: the runner fails a case of which one was left.
 */
interface GoldenCheck {

    /**
     * @param group name of the group's folder
     * @param testCase the case in the manifest
     */
    boolean supports(String group, JsonNode testCase);

    void run(GoldenCase testCase);
}
