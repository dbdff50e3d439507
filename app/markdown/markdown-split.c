#include "markdown/markdown-split.h"

#include "markdown/markdown-inline.h"

#include <string.h>

/* A label is laid out as a whole: this much of one takes a few milliseconds. */
#define MAX_BYTES  4000
/* Of a word; where one takes many lines, Pango shapes what is left of it anew for each. */
#define MAX_WORD   400
#define MAX_ITEMS  15
#define MAX_LEAVES 600

/* ---- paragraphs ---- */

typedef struct
{
  const char *start;
  gsize length, name; /* bytes of the tag, and of its name */
} Tag;

static void
append_tags (GString *out, GArray *open)
{
  for (guint i = 0; i < open->len; i++)
    g_string_append_len (out, g_array_index (open, Tag, i).start, (gssize)g_array_index (open, Tag, i).length);
}

static void
close_tags (GString *out, GArray *open)
{
  for (guint i = open->len; i-- > 0;)
    g_string_append_printf (out, "</%.*s>", (int)g_array_index (open, Tag, i).name,
                            g_array_index (open, Tag, i).start + 1);
}

static gboolean
is_formula (const char *at)
{
  return g_str_has_prefix (at, RIPOSTE_FORMULA_TAG) && strstr (at, RIPOSTE_FORMULA_END_TAG);
}

/* Bytes of a formula, a tag, an entity or a character, which nothing divides. */
static gsize
unit_at (const char *at)
{
  if (is_formula (at))
    return strstr (at, RIPOSTE_FORMULA_END_TAG) + strlen (RIPOSTE_FORMULA_END_TAG) - at;
  if (*at == '<')
    return strcspn (at, ">") + 1;
  if (*at == '&')
    return strcspn (at, ";") + 1;
  return g_utf8_next_char (at) - at;
}

static void
follow_tag (GArray *open, const char *at, gsize length)
{
  Tag tag = { at, length, 0 };

  if (*at != '<' || is_formula (at))
    return;
  tag.name = strcspn (at + 1, " >");
  if (at[1] != '/')
    g_array_append_val (open, tag);
  else if (open->len)
    g_array_set_size (open, open->len - 1);
}

static gboolean
is_word (char c)
{
  return (guchar)c > 0x20 && (guchar)c < 0x80;
}

static gsize
find_longest_word (const char *text)
{
  gsize longest = 0, n = 0;

  for (; *text; text++)
    {
      n = is_word (*text) ? n + 1 : 0;
      longest = MAX (longest, n);
    }
  return longest;
}

GPtrArray *
riposte_markup_split (const char *markup)
{
  g_autoptr (GArray) open = NULL;
  GPtrArray *pieces;
  GString *piece;
  gsize n = 0, word = 0;

  if (strlen (markup) <= 2 * MAX_BYTES && find_longest_word (markup) <= MAX_WORD)
    return NULL;
  open = g_array_new (FALSE, FALSE, sizeof (Tag));
  pieces = g_ptr_array_new_with_free_func (g_free);
  piece = g_string_new (NULL);
  for (const char *at = markup; *at;)
    {
      gsize length = unit_at (at);

      g_string_append_len (piece, at, (gssize)length);
      follow_tag (open, at, length);
      n += length;
      word = is_word (*at) ? word + (*at != '<') : 0;
      /* between two words, if there are any */
      if (at[length] && ((n > MAX_BYTES && g_ascii_isspace (*at)) || n > 2 * MAX_BYTES || word >= MAX_WORD))
        {
          close_tags (piece, open);
          g_ptr_array_add (pieces, g_string_free (piece, FALSE));
          piece = g_string_new (NULL);
          append_tags (piece, open);
          n = word = 0;
        }
      at += length;
    }
  g_ptr_array_add (pieces, g_string_free (piece, FALSE));
  return pieces;
}

static void
add_paragraphs (GPtrArray *out, RiposteBlock *block)
{
  g_autoptr (GPtrArray) pieces = riposte_markup_split (block->markup);

  if (!pieces)
    {
      g_ptr_array_add (out, block);
      return;
    }
  for (guint i = 0; i < pieces->len; i++)
    {
      RiposteBlock *piece = riposte_block_new (RIPOSTE_BLOCK_PARAGRAPH);

      piece->markup = g_strdup (pieces->pdata[i]);
      g_ptr_array_add (out, piece);
    }
  riposte_block_unref (block);
}

/* Those within it. */
static void
split_paragraphs (RiposteBlock *block)
{
  g_autoptr (GPtrArray) old = NULL;

  if (!block->children || block->kind == RIPOSTE_BLOCK_TABLE)
    return;
  old = block->children;
  block->children = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_block_unref);
  for (guint i = 0; i < old->len; i++)
    {
      RiposteBlock *child = riposte_block_ref (old->pdata[i]);

      split_paragraphs (child);
      if (child->kind == RIPOSTE_BLOCK_PARAGRAPH)
        add_paragraphs (block->children, child);
      else
        g_ptr_array_add (block->children, child);
    }
}

/* ---- all ---- */

/* What takes a widget, a long cell for as many as its text would have been. */
static gsize
count_leaves (const RiposteBlock *block)
{
  gsize n = 1 + (block->kind == RIPOSTE_BLOCK_CELL ? strlen (block->markup) / 100 : 0);

  for (guint i = 0; block->children && i < block->children->len; i++)
    n += count_leaves (block->children->pdata[i]);
  return n;
}

static RiposteBlock *
source_new (const char *source)
{
  RiposteBlock *block = riposte_block_new (RIPOSTE_BLOCK_CODE);

  block->code = g_strdup (source);
  block->info = g_strdup ("");
  return block;
}

static void
add_list (GPtrArray *out, const RiposteBlock *list, guint from, guint to)
{
  RiposteBlock *piece = riposte_block_new (RIPOSTE_BLOCK_LIST);

  piece->tight = list->tight;
  piece->children = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_block_unref);
  for (guint i = from; i < to; i++)
    g_ptr_array_add (piece->children, riposte_block_ref (list->children->pdata[i]));
  g_ptr_array_add (out, piece);
}

gboolean
riposte_block_is_large (const RiposteBlock *block)
{
  return block->kind != RIPOSTE_BLOCK_CODE && count_leaves (block) > MAX_LEAVES;
}

GPtrArray *
riposte_block_split (RiposteBlock *block, const char *source)
{
  GPtrArray *out = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_block_unref);
  guint n = block->children ? block->children->len : 0;

  split_paragraphs (block);
  if (block->kind == RIPOSTE_BLOCK_PARAGRAPH)
    {
      add_paragraphs (out, block);
      return out;
    }
  if (block->kind == RIPOSTE_BLOCK_LIST && n > MAX_ITEMS && count_leaves (block) / n < MAX_LEAVES / MAX_ITEMS)
    for (guint i = 0; i < n; i += MAX_ITEMS)
      add_list (out, block, i, MIN (i + MAX_ITEMS, n));
  else if (source)
    g_ptr_array_add (out, source_new (source));
  else
    {
      g_ptr_array_add (out, block);
      return out;
    }
  riposte_block_unref (block);
  return out;
}
