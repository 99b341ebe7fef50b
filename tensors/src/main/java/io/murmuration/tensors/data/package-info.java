/** Text as bytes, and the seeded order in which a run sees it. The vocabulary is the 256 byte values. */
package io.murmuration.tensors.data;
