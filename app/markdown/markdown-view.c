#include "markdown/markdown-view.h"

#include "markdown/block-text.h"
#include "markdown/block-widgets.h"
#include "plain-text.h"
#include "store/search.h"

/* What is further away than this from what is seen gives its widgets back: where a block is made, the styles of all its
 * neighbours are looked up again, so these are few. */
#define FAR 1300

typedef struct
{
  GtkWidget *widget; /* nullable */
  int height;        /* measured, for the view's width, or guessed */
  int min_width;
  gboolean measured; /* so that it is only asked again when it is near */
} Item;

struct _RiposteMarkdownView
{
  GtkWidget parent;

  RiposteMarkdown *markdown;
  GArray *items; /* of Item, one a block */
  int width;     /* that the heights are for */
  int top, bottom;
  int shift;
};

G_DEFINE_FINAL_TYPE (RiposteMarkdownView, riposte_markdown_view, GTK_TYPE_WIDGET)

static Item *
get_item (RiposteMarkdownView *self, guint index)
{
  return &g_array_index (self->items, Item, index);
}

/* ---- items ---- */

static int
guess (RiposteMarkdownView *self, guint index)
{
  return riposte_block_guess_height (riposte_markdown_get_block (self->markdown, index), self->width);
}

static void
drop_widget (Item *item)
{
  g_clear_pointer (&item->widget, gtk_widget_unparent);
}

static void
make_widget (RiposteMarkdownView *self, guint index)
{
  Item *item = get_item (self, index);
  GtkWidget *before = NULL;

  for (guint i = index; i-- > 0 && !before;)
    before = get_item (self, i)->widget;
  item->widget = riposte_block_widget_new (riposte_markdown_get_block (self->markdown, index));
  item->measured = FALSE;
  gtk_widget_insert_after (item->widget, GTK_WIDGET (self), before); /* the focus walks in this order */
}

/* Blocks from @first on are new, or may have changed. */
static void
sync_from (RiposteMarkdownView *self, guint first)
{
  guint n = riposte_markdown_get_n_blocks (self->markdown);

  for (guint i = n; i < self->items->len; i++)
    drop_widget (get_item (self, i));
  g_array_set_size (self->items, n);
  for (guint i = first; i < n; i++)
    {
      Item *item = get_item (self, i);
      RiposteBlock *block = riposte_markdown_get_block (self->markdown, i);

      if (!item->widget)
        item->height = guess (self, i);
      else if (!riposte_block_widget_update (item->widget, block))
        {
          drop_widget (item);
          make_widget (self, i);
        }
      item->measured = FALSE;
    }
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

/* ---- layout ---- */

static gboolean
is_near (int y, int end, int top, int bottom)
{
  return end >= top && y <= bottom;
}

static void
measure_item (RiposteMarkdownView *self, Item *item)
{
  int natural;

  gtk_widget_measure (item->widget, GTK_ORIENTATION_HORIZONTAL, -1, &item->min_width, NULL, NULL, NULL);
  gtk_widget_measure (item->widget, GTK_ORIENTATION_VERTICAL, MAX (self->width, item->min_width), NULL, &natural, NULL,
                      NULL);
  item->height = natural;
  item->measured = TRUE;
}

/* What is far away has not changed: only its width would change its height. */
static int
measure_height (RiposteMarkdownView *self, int width)
{
  gboolean new_width = width > 0 && width != self->width;
  int page = self->bottom - self->top, y = 0, before = 0;

  if (new_width)
    self->width = width;
  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = get_item (self, i);
      int old = item->height;

      if (!item->widget && new_width)
        item->height = guess (self, i);
      else if (item->widget
               && (new_width || !item->measured || i + 1 == self->items->len
                   || is_near (before, before + old, self->top - page, self->bottom + page)))
        measure_item (self, item);
      if (before + old <= self->top)
        self->shift += item->height - old;
      before += old + RIPOSTE_BLOCK_SPACING;
      y += item->height + RIPOSTE_BLOCK_SPACING;
    }
  return MAX (0, y - RIPOSTE_BLOCK_SPACING);
}

static void
riposte_markdown_view_measure (GtkWidget *widget,
                               GtkOrientation orientation,
                               int for_size,
                               int *minimum,
                               int *natural,
                               int *minimum_baseline,
                               int *natural_baseline)
{
  RiposteMarkdownView *self = RIPOSTE_MARKDOWN_VIEW (widget);

  if (orientation == GTK_ORIENTATION_VERTICAL)
    {
      *minimum = *natural = measure_height (self, for_size);
      return;
    }
  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = get_item (self, i);

      if (item->widget && !item->measured)
        gtk_widget_measure (item->widget, orientation, -1, &item->min_width, NULL, NULL, NULL);
      *minimum = MAX (*minimum, item->min_width);
    }
  *natural = *minimum;
}

static GtkSizeRequestMode
riposte_markdown_view_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

/* What is not nearly seen is not drawn either; the keyboard keeps its place. */
static void
update_child_visible (RiposteMarkdownView *self)
{
  int half = (self->bottom - self->top) / 2, y = 0;

  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = get_item (self, i);

      if (item->widget)
        gtk_widget_set_child_visible (item->widget,
                                      is_near (y, y + item->height, self->top - half, self->bottom + half)
                                        || gtk_widget_get_focus_child (GTK_WIDGET (self)) == item->widget);
      y += item->height + RIPOSTE_BLOCK_SPACING;
    }
}

static void
riposte_markdown_view_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RiposteMarkdownView *self = RIPOSTE_MARKDOWN_VIEW (widget);
  int y = 0;

  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = get_item (self, i);
      GtkAllocation area = { 0, y, MAX (width, item->min_width), item->height };

      if (item->widget)
        gtk_widget_size_allocate (item->widget, &area, -1);
      y += item->height + RIPOSTE_BLOCK_SPACING;
    }
  update_child_visible (self);
}

/* A font, perhaps, which every height depends on. */
static void
riposte_markdown_view_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  RiposteMarkdownView *self = RIPOSTE_MARKDOWN_VIEW (widget);

  GTK_WIDGET_CLASS (riposte_markdown_view_parent_class)->css_changed (widget, change);
  for (guint i = 0; i < self->items->len; i++)
    get_item (self, i)->measured = FALSE;
}

/* ---- what is seen ---- */

void
riposte_markdown_view_set_seen (RiposteMarkdownView *self, int top, int bottom)
{
  if (self->top == top && self->bottom == bottom)
    return;
  self->top = top;
  self->bottom = bottom;
  update_child_visible (self);
}

int
riposte_markdown_view_take_shift (RiposteMarkdownView *self)
{
  int shift = self->shift;

  self->shift = 0;
  return shift;
}

/* One thing that is far from what is seen, which takes as long as making it did. */
static void
drop_far (RiposteMarkdownView *self)
{
  GtkWidget *focus = gtk_widget_get_focus_child (GTK_WIDGET (self));
  int y = 0;

  for (guint i = 0; i + 1 < self->items->len; i++)
    {
      Item *item = get_item (self, i);
      int end = y + item->height;

      if (item->widget && item->widget != focus && !is_near (y, end, self->top - FAR, self->bottom + FAR))
        {
          drop_widget (item);
          return;
        }
      y = end + RIPOSTE_BLOCK_SPACING;
    }
}

gboolean
riposte_markdown_view_build (RiposteMarkdownView *self, int top, int bottom, gint64 deadline)
{
  gboolean changed = FALSE, late = FALSE;
  int y = 0;

  for (guint i = 0; i < self->items->len && y <= bottom && !late; i++)
    {
      Item *item = get_item (self, i);
      int end = y + item->height;

      if (!item->widget && end >= top)
        {
          late = changed && g_get_monotonic_time () > deadline;
          if (late)
            break;
          make_widget (self, i);
          changed = TRUE;
        }
      y = end + RIPOSTE_BLOCK_SPACING;
    }
  if (changed)
    gtk_widget_queue_resize (GTK_WIDGET (self));
  else
    drop_far (self);
  return !late;
}

int
riposte_markdown_view_seek (RiposteMarkdownView *self, const char *words)
{
  int y = 0;

  for (guint i = 0; i < self->items->len; i++)
    {
      g_autofree char *text = riposte_block_dup_text (riposte_markdown_get_block (self->markdown, i));
      gsize start, end;

      if (riposte_search_find (text, words, 0, &start, &end))
        return y;
      y += get_item (self, i)->height + RIPOSTE_BLOCK_SPACING;
    }
  return -1;
}

/* ---- text ---- */

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

/* ---- object ---- */

static void
riposte_markdown_view_dispose (GObject *object)
{
  RiposteMarkdownView *self = RIPOSTE_MARKDOWN_VIEW (object);

  for (guint i = 0; i < self->items->len; i++)
    drop_widget (get_item (self, i));
  g_array_set_size (self->items, 0);
  G_OBJECT_CLASS (riposte_markdown_view_parent_class)->dispose (object);
}

static void
riposte_markdown_view_finalize (GObject *object)
{
  RiposteMarkdownView *self = RIPOSTE_MARKDOWN_VIEW (object);

  g_array_unref (self->items);
  riposte_markdown_free (self->markdown);
  G_OBJECT_CLASS (riposte_markdown_view_parent_class)->finalize (object);
}

static void
riposte_markdown_view_class_init (RiposteMarkdownViewClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_markdown_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_markdown_view_finalize;
  widget->measure = riposte_markdown_view_measure;
  widget->get_request_mode = riposte_markdown_view_get_request_mode;
  widget->size_allocate = riposte_markdown_view_size_allocate;
  widget->css_changed = riposte_markdown_view_css_changed;
}

static void
riposte_markdown_view_init (RiposteMarkdownView *self)
{
  self->markdown = riposte_markdown_new ();
  self->items = g_array_new (FALSE, TRUE, sizeof (Item));
}

GtkWidget *
riposte_markdown_view_new (void)
{
  return g_object_new (RIPOSTE_TYPE_MARKDOWN_VIEW, NULL);
}
