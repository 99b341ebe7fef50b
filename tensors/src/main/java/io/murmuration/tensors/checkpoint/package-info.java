/**
 * Checkpoints: safetensors under Hugging Face Llama names, written whole or not at all, checked against their digests
 * before anything is read from them.
 */
package io.murmuration.tensors.checkpoint;
