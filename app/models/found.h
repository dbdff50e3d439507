/* The models on this machine: Riposte's own, and those that other programs have, used where they are and never written
 * to. The calls read the disk, so those that do not say otherwise are for a thread of their own. */
#pragma once

#include <gio/gio.h>

#include "models/fit.h"

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_SOURCE_OWN,
  RIPOSTE_SOURCE_LM_STUDIO,
  RIPOSTE_SOURCE_OLLAMA,
  RIPOSTE_SOURCE_LLAMA_CPP,
  RIPOSTE_SOURCE_HUGGING_FACE,
} RiposteModelSource;

typedef struct
{
  char *path;
  char *name;    /* as a person would name it */
  char *problem; /* (nullable) why it cannot be used */
  RiposteModelSource source;
  RiposteNeeds needs;
} RiposteFoundModel;

void riposte_found_model_free (RiposteFoundModel *model);

/* A folder that a program keeps models in. */
typedef struct
{
  RiposteModelSource source;
  char *path;
} RiposteModelPlace;

void riposte_model_place_free (RiposteModelPlace *place);

/**
 * riposte_found_places:
 * @own: Riposte's folder
 * @home: the user's
 * @getenv: tells environment variables, by which these programs are moved elsewhere; nullable
 *
 * Returns: (element-type RiposteModelPlace): whether they are there or not
 */
GPtrArray *riposte_found_places (const char *own, const char *home, const char *(*getenv) (const char *name));

/* Of RiposteFoundModel, by source and name; a file that is reached on several ways is listed once. */
GPtrArray *riposte_found_scan (GPtrArray *places, GCancellable *cancellable);

/* The same in a thread, in the places of this user; @own is Riposte's folder. */
void
riposte_found_scan_async (const char *own, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *riposte_found_scan_finish (GAsyncResult *result, GError **error);

/* "LM Studio"; NULL for Riposte's own. */
const char *riposte_model_source_get_name (RiposteModelSource source);

G_END_DECLS
