#include "chat/markdown-view.h"

#include "chat/block-widgets.h"
#include "chat/plain-text.h"

struct _RiposteMarkdownView
{
  GtkBox parent;

  RiposteMarkdown *markdown;
  gboolean loading; /* not all blocks have widgets */
  guint n_built;
};

G_DEFINE_FINAL_TYPE (RiposteMarkdownView, riposte_markdown_view, GTK_TYPE_BOX)

static void
riposte_markdown_view_init (RiposteMarkdownView *self)
{
  self->markdown = riposte_markdown_new ();
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), RIPOSTE_BLOCK_SPACING);
}

static void
riposte_markdown_view_finalize (GObject *object)
{
  RiposteMarkdownView *self = RIPOSTE_MARKDOWN_VIEW (object);

  riposte_markdown_free (self->markdown);
  G_OBJECT_CLASS (riposte_markdown_view_parent_class)->finalize (object);
}

static void
riposte_markdown_view_class_init (RiposteMarkdownViewClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = riposte_markdown_view_finalize;
}

GtkWidget *
riposte_markdown_view_new (void)
{
  return g_object_new (RIPOSTE_TYPE_MARKDOWN_VIEW, NULL);
}

static void
sync_range (RiposteMarkdownView *self, guint first, guint end)
{
  g_autoptr (GPtrArray) blocks = g_ptr_array_new ();

  for (guint i = first; i < end; i++)
    g_ptr_array_add (blocks, riposte_markdown_get_block (self->markdown, i));
  riposte_block_widgets_sync (GTK_BOX (self), first, blocks);
}

static void
sync_from (RiposteMarkdownView *self, guint first)
{
  if (self->loading) /* what changed is made when its turn comes */
    self->n_built = MIN (self->n_built, first);
  else
    sync_range (self, first, riposte_markdown_get_n_blocks (self->markdown));
}

void
riposte_markdown_view_append (RiposteMarkdownView *self, const char *text)
{
  g_autofree char *plain = riposte_plain_text (text, -1);

  sync_from (self, riposte_markdown_append (self->markdown, plain));
}

void
riposte_markdown_view_finish (RiposteMarkdownView *self)
{
  sync_from (self, riposte_markdown_finish (self->markdown));
}

void
riposte_markdown_view_load (RiposteMarkdownView *self, const char *text)
{
  g_autofree char *plain = riposte_plain_text (text, -1);

  self->loading = TRUE;
  self->n_built = 0;
  riposte_markdown_append (self->markdown, plain);
}

gboolean
riposte_markdown_view_build (RiposteMarkdownView *self, gint64 deadline)
{
  guint n = riposte_markdown_get_n_blocks (self->markdown);

  if (!self->loading)
    return TRUE;
  do
    {
      sync_range (self, self->n_built, MIN (self->n_built + 1, n));
      self->n_built++;
    }
  while (self->n_built < n && g_get_monotonic_time () < deadline);
  self->loading = self->n_built < n;
  return !self->loading;
}
