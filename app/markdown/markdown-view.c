#include "markdown/markdown-view.h"

#include "markdown/block-text.h"
#include "markdown/block-widgets.h"
#include "plain-text.h"
#include "store/search.h"

/* What is further away than this from what is seen gives its widgets back: where a block is made, the styles of all its
 * neighbours are looked up again, so these are few. */
#define FAR   1300
/* Bytes that take longer to parse than a frame may wait. */
#define LARGE (48 * 1024)

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

  RiposteMarkdown *markdown; /* NULL while a thread has it */
  GString *pending;          /* text that it has not got yet */
  gboolean ends;             /* with that */
  GPtrArray *blocks;         /* of RiposteBlock, as they are shown */
  GArray *items;             /* of Item, one a block */
  int width;                 /* that the heights are for */
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
  return riposte_block_guess_height (self->blocks->pdata[index], self->width);
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
  item->widget = riposte_block_widget_new (self->blocks->pdata[index]);
  item->measured = FALSE;
  gtk_widget_insert_after (item->widget, GTK_WIDGET (self), before); /* the focus walks in this order */
}

/* Blocks from @first on are new, or may have changed. */
static void
sync_from (RiposteMarkdownView *self, guint first)
{
  guint n = riposte_markdown_get_n_blocks (self->markdown);

  g_ptr_array_set_size (self->blocks, (int)first);
  for (guint i = first; i < n; i++)
    g_ptr_array_add (self->blocks, riposte_block_ref (riposte_markdown_get_block (self->markdown, i)));
  for (guint i = n; i < self->items->len; i++)
    drop_widget (get_item (self, i));
  g_array_set_size (self->items, n);
  for (guint i = first; i < n; i++)
    {
      Item *item = get_item (self, i);
      RiposteBlock *block = self->blocks->pdata[i];

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

/* Most of what a new widget takes is being measured; the result is kept for the layout. */
static void
warm_up (RiposteMarkdownView *self, Item *item)
{
  int min_width;

  if (self->width <= 0)
    return;
  gtk_widget_measure (item->widget, GTK_ORIENTATION_HORIZONTAL, -1, &min_width, NULL, NULL, NULL);
  gtk_widget_measure (item->widget, GTK_ORIENTATION_VERTICAL, MAX (self->width, min_width), NULL, NULL, NULL, NULL);
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
          warm_up (self, item);
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
      g_autofree char *text = riposte_block_dup_text (self->blocks->pdata[i]);
      gsize start, end;

      if (riposte_search_find (text, words, 0, &start, &end))
        return y;
      y += get_item (self, i)->height + RIPOSTE_BLOCK_SPACING;
    }
  return -1;
}

/* ---- text ---- */

/* What is to be parsed, and who does it. */
typedef struct
{
  RiposteMarkdown *markdown;
  char *text;
  gboolean ends;
  guint first; /* that changed */
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->markdown, riposte_markdown_free);
  g_free (job->text);
  g_free (job);
}

static void
job_run (Job *job)
{
  g_autofree char *plain = riposte_plain_text (job->text, -1);

  job->first = riposte_markdown_append (job->markdown, plain);
  if (job->ends)
    job->first = MIN (job->first, riposte_markdown_finish (job->markdown));
}

static void
run_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  job_run (data);
  g_task_return_boolean (task, TRUE);
}

static guint n_threads; /* that parse: what else comes waits for them as they do for each other, and not here */

static void advance (RiposteMarkdownView *self);

static void
end_job (RiposteMarkdownView *self, Job *job)
{
  self->markdown = g_steal_pointer (&job->markdown);
  sync_from (self, job->first);
}

/* The view may be gone; the task keeps none, since its last reference can go in the thread. */
static void
on_parsed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GWeakRef *weak = user_data;
  g_autoptr (RiposteMarkdownView) self = g_weak_ref_get (weak);

  n_threads--;
  if (self)
    {
      end_job (self, g_task_get_task_data (G_TASK (result)));
      advance (self);
    }
  g_weak_ref_clear (weak);
  g_free (weak);
}

static void
advance (RiposteMarkdownView *self)
{
  Job *job;
  gsize n_bytes = self->pending->len;

  if (!self->markdown || (!n_bytes && !self->ends))
    return;
  n_bytes += self->ends ? riposte_markdown_get_length (self->markdown) : riposte_markdown_get_n_open (self->markdown);
  job = g_new0 (Job, 1);
  job->markdown = g_steal_pointer (&self->markdown);
  job->text = g_strdup (self->pending->str);
  job->ends = self->ends;
  g_string_truncate (self->pending, 0);
  self->ends = FALSE;
  if (n_bytes > LARGE || n_threads)
    {
      GWeakRef *weak = g_new0 (GWeakRef, 1);
      g_autoptr (GTask) task = g_task_new (NULL, NULL, on_parsed, weak);

      g_weak_ref_init (weak, self);
      n_threads++;
      g_task_set_task_data (task, job, job_free);
      g_task_run_in_thread (task, run_in_thread);
      return;
    }
  job_run (job);
  end_job (self, job);
  job_free (job);
}

void
riposte_markdown_view_append (RiposteMarkdownView *self, const char *text)
{
  g_string_append (self->pending, text);
  advance (self);
}

void
riposte_markdown_view_finish (RiposteMarkdownView *self)
{
  self->ends = TRUE;
  advance (self);
}

gboolean
riposte_markdown_view_is_parsing (RiposteMarkdownView *self)
{
  return !self->markdown;
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
  g_ptr_array_unref (self->blocks);
  g_string_free (self->pending, TRUE);
  g_clear_pointer (&self->markdown, riposte_markdown_free);
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
  self->pending = g_string_new (NULL);
  self->blocks = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_block_unref);
  self->items = g_array_new (FALSE, TRUE, sizeof (Item));
}

GtkWidget *
riposte_markdown_view_new (void)
{
  return g_object_new (RIPOSTE_TYPE_MARKDOWN_VIEW, NULL);
}
