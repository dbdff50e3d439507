/* The models that Ollama keeps: manifests, each of which names the blobs that a model consists of. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @name: "qwen2.5-coder:7b". @path: the weights, which need not be there. */
typedef void (*RiposteOllamaFunc) (const char *name, const char *path, gpointer user_data);

/* Reads the disk. @folder has manifests/ and blobs/. */
void riposte_ollama_list (const char *folder, RiposteOllamaFunc found, gpointer user_data);

G_END_DECLS
