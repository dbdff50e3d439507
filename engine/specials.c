#include "specials.h"

/* Every position of a text may be compared with so many bytes. Real ones have some hundred at most. */
#define MAX_LENGTH 1024

struct _RpSpecials
{
  gboolean firsts[256]; /* bytes that one begins with: nearly every position is dismissed by this */
  GHashTable *children; /* node << 8 | byte -> node */
  GArray *tokens;       /* RpToken by node; -1: none ends here */
};

RpSpecials *
rp_specials_new (void)
{
  RpSpecials *self = g_new0 (RpSpecials, 1);
  RpToken none = -1;

  self->children = g_hash_table_new (NULL, NULL);
  self->tokens = g_array_new (FALSE, FALSE, sizeof (RpToken));
  g_array_append_val (self->tokens, none);
  return self;
}

void
rp_specials_free (RpSpecials *self)
{
  if (!self)
    return;
  g_hash_table_unref (self->children);
  g_array_unref (self->tokens);
  g_free (self);
}

/* 0, the root, is nobody's child: there is none. */
static gsize
get_child (const RpSpecials *self, gsize node, guint8 byte)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (self->children, GSIZE_TO_POINTER (node << 8 | byte)));
}

gboolean
rp_specials_add (RpSpecials *self, const char *text, gsize length, RpToken token)
{
  gsize node = 0;
  RpToken none = -1;

  if (length == 0 || length > MAX_LENGTH)
    return FALSE;
  self->firsts[(guint8)*text] = TRUE;
  for (gsize i = 0; i < length; i++)
    {
      gsize child = get_child (self, node, text[i]);

      if (child == 0)
        {
          child = self->tokens->len;
          g_array_append_val (self->tokens, none);
          g_hash_table_insert (self->children, GSIZE_TO_POINTER (node << 8 | (guint8)text[i]),
                               GSIZE_TO_POINTER (child));
        }
      node = child;
    }
  if (g_array_index (self->tokens, RpToken, node) >= 0)
    return FALSE;
  g_array_index (self->tokens, RpToken, node) = token;
  return TRUE;
}

RpToken
rp_specials_match (const RpSpecials *self, const char *text, gsize length, gsize *matched)
{
  RpToken found = -1;
  gsize node = 0, i = 0;

  if (length == 0 || !self->firsts[(guint8)*text])
    return -1;
  while (i < length && (node = get_child (self, node, text[i++])) != 0)
    if (g_array_index (self->tokens, RpToken, node) >= 0)
      {
        found = g_array_index (self->tokens, RpToken, node);
        if (matched)
          *matched = i;
      }
  return found;
}

gboolean
rp_specials_may_begin (const RpSpecials *self, const char *text, gsize length)
{
  gsize node = 0;

  if (length == 0 || !self->firsts[(guint8)*text])
    return FALSE;
  for (gsize i = 0; i < length; i++)
    {
      node = get_child (self, node, text[i]);
      if (node == 0 || g_array_index (self->tokens, RpToken, node) >= 0)
        return node != 0;
    }
  return TRUE;
}

RpToken
rp_specials_find (const RpSpecials *self, const char *text, gsize length)
{
  gsize matched = 0;
  RpToken token = rp_specials_match (self, text, length, &matched);

  return matched == length ? token : -1;
}
