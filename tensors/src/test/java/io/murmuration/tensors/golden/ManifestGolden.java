package io.murmuration.tensors.golden;

import java.util.Map;

/** Checks numbers that stand in a group's manifest itself, outside its cases. */
interface ManifestGolden {

    /** One check for every entry, by a name that tells them apart; empty for a group without any. */
    Map<String, Runnable> checks(GoldenGroup group);
}
