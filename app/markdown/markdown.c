#include "markdown/markdown.h"

#include "math/math-find.h"

#include <string.h>

/* ---- blocks ---- */

RiposteBlock *
riposte_block_new (RiposteBlockKind kind)
{
  RiposteBlock *block = g_atomic_rc_box_new0 (RiposteBlock);

  block->kind = kind;
  return block;
}

RiposteBlock *
riposte_block_ref (RiposteBlock *block)
{
  return g_atomic_rc_box_acquire (block);
}

static void
block_clear (gpointer data)
{
  RiposteBlock *block = data;

  g_free (block->markup);
  g_free (block->code);
  g_free (block->info);
  g_clear_pointer (&block->children, g_ptr_array_unref);
}

void
riposte_block_unref (RiposteBlock *block)
{
  g_atomic_rc_box_release_full (block, block_clear);
}

gboolean
riposte_block_equal (const RiposteBlock *a, const RiposteBlock *b)
{
  guint n = a->children ? a->children->len : 0;

  if (a == b)
    return TRUE;
  if (a->kind != b->kind || a->level != b->level || a->number != b->number || a->tight != b->tight
      || a->align != b->align || g_strcmp0 (a->markup, b->markup) != 0 || g_strcmp0 (a->code, b->code) != 0
      || g_strcmp0 (a->info, b->info) != 0 || n != (b->children ? b->children->len : 0))
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (!riposte_block_equal (a->children->pdata[i], b->children->pdata[i]))
      return FALSE;
  return TRUE;
}

/* ---- a text that grows ----
 *
 * A block is closed for good once a line after it, complete with its newline, began another. (An incomplete line says
 * little: “#” begins a heading, “#include” does not.) What comes before the last such block is never parsed again. */

struct _RiposteMarkdown
{
  GString *text;
  GPtrArray *blocks;
  gsize open;     /* where the first block that is not closed begins, in bytes */
  guint n_closed; /* blocks before that */
  gsize complete; /* up to here lines were complete when open was last moved */
  gsize n_parsed;
};

RiposteMarkdown *
riposte_markdown_new (void)
{
  RiposteMarkdown *self = g_new0 (RiposteMarkdown, 1);

  self->text = g_string_new (NULL);
  self->blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_block_unref);
  return self;
}

void
riposte_markdown_free (RiposteMarkdown *self)
{
  g_string_free (self->text, TRUE);
  g_ptr_array_unref (self->blocks);
  g_free (self);
}

static gsize
offset_of_line (const char *text, guint line)
{
  const char *p = text;

  while (line-- > 0)
    {
      p = strchr (p, '\n');
      if (!p)
        return strlen (text);
      p++;
    }
  return p - text;
}

/* Replaces the blocks from @first on; those that came out the same stay the same pointers. */
static void
replace_tail (RiposteMarkdown *self, guint first, GPtrArray *tail)
{
  for (guint i = 0; i < tail->len; i++)
    {
      guint at = first + i;

      if (at >= self->blocks->len)
        g_ptr_array_add (self->blocks, riposte_block_ref (tail->pdata[i]));
      else if (!riposte_block_equal (self->blocks->pdata[at], tail->pdata[i]))
        {
          riposte_block_unref (self->blocks->pdata[at]);
          self->blocks->pdata[at] = riposte_block_ref (tail->pdata[i]);
        }
    }
  if (self->blocks->len > first + tail->len)
    g_ptr_array_set_size (self->blocks, first + tail->len);
}

/* Moves blocks from open to closed, as far as the complete lines decide. */
static void
close_blocks (RiposteMarkdown *self)
{
  const char *open = self->text->str + self->open;
  const char *newline = strrchr (open, '\n');
  g_autoptr (GPtrArray) blocks = NULL;
  g_autoptr (GArray) lines = NULL;
  gsize complete = newline ? (gsize)(newline + 1 - self->text->str) : self->open;
  guint n;

  if (complete <= self->complete)
    return;
  self->complete = complete;
  if (riposte_formulas_is_open (open, complete - self->open))
    return;
  blocks = riposte_markdown_parse (open, complete - self->open, &lines);
  self->n_parsed += complete - self->open;
  n = blocks->len;
  while (n > 0 && g_array_index (lines, guint, n - 1) == g_array_index (lines, guint, lines->len - 1))
    n--;
  if (n == 0)
    return;
  /* those that were open and have only been closed stay the same pointers */
  replace_tail (self, self->n_closed, blocks);
  g_ptr_array_set_size (self->blocks, self->n_closed + n);
  self->n_closed += n;
  self->open += offset_of_line (open, g_array_index (lines, guint, n));
}

guint
riposte_markdown_append (RiposteMarkdown *self, const char *text)
{
  guint first = self->n_closed;
  g_autoptr (GPtrArray) tail = NULL;

  self->n_parsed = 0;
  g_string_append (self->text, text);
  close_blocks (self);
  tail = riposte_markdown_parse (self->text->str + self->open, self->text->len - self->open, NULL);
  self->n_parsed += self->text->len - self->open;
  replace_tail (self, self->n_closed, tail);
  return first;
}

guint
riposte_markdown_finish (RiposteMarkdown *self)
{
  g_autoptr (GPtrArray) all = riposte_markdown_parse (self->text->str, self->text->len, NULL);
  guint first = 0;

  while (first < all->len && first < self->blocks->len
         && riposte_block_equal (all->pdata[first], self->blocks->pdata[first]))
    first++;
  replace_tail (self, 0, all);
  self->n_closed = self->blocks->len;
  self->open = self->complete = self->text->len;
  return first;
}

guint
riposte_markdown_get_n_blocks (RiposteMarkdown *self)
{
  return self->blocks->len;
}

RiposteBlock *
riposte_markdown_get_block (RiposteMarkdown *self, guint index)
{
  return self->blocks->pdata[index];
}

gsize
riposte_markdown_get_n_open (RiposteMarkdown *self)
{
  return self->text->len - self->open;
}

gsize
riposte_markdown_get_length (RiposteMarkdown *self)
{
  return self->text->len;
}

gsize
riposte_markdown_get_n_parsed (RiposteMarkdown *self)
{
  return self->n_parsed;
}
