/** Control messages as bytes: registered classes only, every length checked before anything is made of it. */
package io.murmuration.cluster.serialization;
