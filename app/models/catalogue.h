/* The models that Riposte knows by name, data/models.json. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  char *id;        /* "qwen2.5-coder-1.5b-instruct-q4_k_m" */
  char *name;      /* "Qwen2.5 Coder 1.5B Instruct (Q4_K_M)" */
  char *publisher; /* who made it */
  char *about;     /* a sentence without its full stop, to be translated */
  char *licence;
  char *file; /* the name that it gets */
  char *url;
  char *sha256; /* (nullable) where one was published */
  guint64 size; /* bytes of the file */
  guint64 parameters, active_parameters;
  guint64 context_bytes; /* keys and values of a token, in F16 */
  guint n_context;
} RiposteCatalogueModel;

void riposte_catalogue_model_free (RiposteCatalogueModel *model);

/* Of RiposteCatalogueModel: those that can be downloaded, in the order of the file. NULL where @text is none. */
GPtrArray *riposte_catalogue_parse (const char *text, gsize length, GError **error);
/* The one that this program comes with. */
GPtrArray *riposte_catalogue_load (void);
/* The file of the model that is used where no other was chosen. */
char *riposte_catalogue_dup_default_file (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteCatalogueModel, riposte_catalogue_model_free)

G_END_DECLS
