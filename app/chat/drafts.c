#include "chat/drafts.h"

struct _RiposteDrafts
{
  GHashTable *texts; /* by the ids of their conversations */
};

RiposteDrafts *
riposte_drafts_new (void)
{
  RiposteDrafts *self = g_new (RiposteDrafts, 1);

  self->texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
riposte_drafts_free (RiposteDrafts *self)
{
  g_hash_table_unref (self->texts);
  g_free (self);
}

/* The one that nothing was asked in is another one after the next start. */
static const char *
get_key (RiposteConversation *conversation)
{
  return riposte_conversation_is_empty (conversation) ? "" : riposte_conversation_get_id (conversation);
}

void
riposte_drafts_keep (RiposteDrafts *self, RiposteConversation *conversation, const char *draft)
{
  if (conversation && draft && *draft)
    g_hash_table_insert (self->texts, g_strdup (get_key (conversation)), g_strdup (draft));
}

char *
riposte_drafts_take (RiposteDrafts *self, RiposteConversation *conversation)
{
  g_autofree char *key = NULL;
  char *draft = NULL;

  if (conversation)
    g_hash_table_steal_extended (self->texts, get_key (conversation), (gpointer *)&key, (gpointer *)&draft);
  return draft;
}

GVariant *
riposte_drafts_save (RiposteDrafts *self, RiposteConversation *conversation, const char *draft)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  GHashTableIter iter;
  gpointer key, text;

  g_hash_table_iter_init (&iter, self->texts);
  while (g_hash_table_iter_next (&iter, &key, &text))
    g_variant_builder_add (&builder, "{ss}", key, text);
  if (conversation && draft && *draft)
    g_variant_builder_add (&builder, "{ss}", get_key (conversation), draft);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

void
riposte_drafts_restore (RiposteDrafts *self, GVariant *saved)
{
  GVariantIter iter;
  const char *key, *draft;

  g_variant_iter_init (&iter, saved);
  while (g_variant_iter_next (&iter, "{&s&s}", &key, &draft))
    if (!g_hash_table_contains (self->texts, key))
      g_hash_table_insert (self->texts, g_strdup (key), g_strdup (draft));
}
