#include "chat/message-list.h"

#include "chat/find-text.h"
#include "chat/message-view.h"

#define MAX_WIDTH   760
#define MARGIN      18
#define SPACING     18
/* Nearer to the end than this, in pixels, is at the end. */
#define NEAR        32
/* Widgets are made for so long in one frame, and then in the next; the rest of the frame is for drawing. */
#define BUDGET_US   3000
#define MAX_DROPPED 4
/* Once nothing has scrolled for so long, heights that were guessed wrong may move the scroll bar. */
#define REST_MS     250

typedef struct
{
  int height;      /* measured once it has a view, else guessed */
  int width;       /* of the view */
  GtkWidget *view; /* nullable */
} Row;

struct _RiposteMessageList
{
  GtkWidget parent;

  GListModel *model;
  GArray *rows; /* of Row */
  GtkAdjustment *adjustments[2];
  int content_width; /* that the heights are for */
  gboolean following;

  /* Where the reader is: this row begins so many pixels above what is seen. */
  guint anchor;
  int offset;
  /* What rows above the anchor turned out to be smaller than guessed. Moving the first row by it, and not the scroll
   * bar under the reader's hand, keeps a scroll that is under way from jumping. */
  int slack;
  gboolean configuring; /* the adjustment, so that its news are ours */
  guint tick, rest;
  char *words; /* (nullable) that are looked for in row @sought once it is laid out */
  guint sought;
  gboolean approached;
  int switching; /* versions by the keyboard, to this side, in row @switched */
  guint switched;
};

static void riposte_message_list_scrollable_init (GtkScrollableInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RiposteMessageList,
                               riposte_message_list,
                               GTK_TYPE_WIDGET,
                               G_IMPLEMENT_INTERFACE (GTK_TYPE_SCROLLABLE, riposte_message_list_scrollable_init))

enum
{
  PROP_HADJUSTMENT = 1,
  PROP_VADJUSTMENT,
  PROP_HSCROLL_POLICY,
  PROP_VSCROLL_POLICY,
  PROP_FOLLOWING,
};

static void request_sync (RiposteMessageList *self);

/* ---- geometry ---- */

static Row *
get_row (RiposteMessageList *self, guint index)
{
  return &g_array_index (self->rows, Row, index);
}

/* Of its top, where the first row's is at 0. */
static int
get_position (RiposteMessageList *self, guint index)
{
  int y = MARGIN;

  for (guint i = 0; i < index; i++)
    y += get_row (self, i)->height + SPACING;
  return y;
}

static int
get_total (RiposteMessageList *self)
{
  return get_position (self, self->rows->len) - (self->rows->len ? SPACING : 0) + MARGIN;
}

static double
get_value (RiposteMessageList *self)
{
  GtkAdjustment *adjustment = self->adjustments[GTK_ORIENTATION_VERTICAL];

  return adjustment ? gtk_adjustment_get_value (adjustment) : 0;
}

static int
get_page (RiposteMessageList *self)
{
  return MAX (1, gtk_widget_get_height (GTK_WIDGET (self)));
}

/* From how much text there is: at 0.6 em a character and 1.5 em a line. */
static int
guess_height (RiposteMessageList *self, guint index)
{
  g_autoptr (RiposteMessage) message = g_list_model_get_item (self->model, index);
  gboolean user = riposte_message_get_role (message) == RIPOSTE_ROLE_USER;
  int columns = MAX (10, (self->content_width - (user ? 76 : 0)) / 8);
  int n_lines = 1, column = 0;

  for (const char *p = riposte_message_get_text (message); *p; p++)
    if (*p == '\n' || ++column > columns)
      {
        n_lines++;
        column = 0;
      }
  return n_lines * 20 + (user ? 18 : 40);
}

/* The reader is where the adjustment says. */
static void
set_anchor (RiposteMessageList *self)
{
  int top = (int)get_value (self) - self->slack;
  int y = MARGIN;
  guint i = 0;

  for (; i + 1 < self->rows->len; i++)
    {
      int next = y + get_row (self, i)->height + SPACING;

      if (next > top)
        break;
      y = next;
    }
  self->anchor = i;
  self->offset = top - y;
}

static void
set_following (RiposteMessageList *self, gboolean following)
{
  if (self->following == following)
    return;
  self->following = following;
  g_object_notify (G_OBJECT (self), "following");
}

/* ---- widgets, for what is near ---- */

static gboolean
has_focus (GtkWidget *view)
{
  GtkRoot *root = gtk_widget_get_root (view);
  GtkWidget *focus = root ? gtk_root_get_focus (root) : NULL;

  return focus && gtk_widget_is_ancestor (focus, view);
}

static void
drop_view (Row *row)
{
  g_clear_pointer (&row->view, gtk_widget_unparent);
}

static void
make_view (RiposteMessageList *self, guint index)
{
  g_autoptr (RiposteMessage) message = g_list_model_get_item (self->model, index);
  Row *row = get_row (self, index);
  GtkWidget *next = NULL;

  row->view = riposte_message_view_new (message);
  riposte_message_view_set_last (RIPOSTE_MESSAGE_VIEW (row->view), index + 1 == self->rows->len);
  gtk_accessible_update_relation (GTK_ACCESSIBLE (row->view), GTK_ACCESSIBLE_RELATION_POS_IN_SET, (int)index + 1,
                                  GTK_ACCESSIBLE_RELATION_SET_SIZE, (int)self->rows->len, -1);
  for (guint i = index + 1; i < self->rows->len && !next; i++)
    next = get_row (self, i)->view;
  gtk_widget_insert_before (row->view, GTK_WIDGET (self), next); /* the focus walks in this order */
}

/* A row's width is what it is given, or what it cannot do without. */
static int
measure_view (RiposteMessageList *self, GtkWidget *view, int *height)
{
  int minimum, width;

  gtk_widget_measure (view, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  width = MAX (minimum, self->content_width);
  gtk_widget_measure (view, GTK_ORIENTATION_VERTICAL, width, NULL, height, NULL, NULL);
  return width;
}

/* Of what is seen, where the first row's top is at 0. */
static int
get_top (RiposteMessageList *self)
{
  return self->following ? get_total (self) - get_page (self) : get_position (self, self->anchor) + self->offset;
}

/* Rows from @from on, downwards or upwards, as far as they lie between @top and @bottom; FALSE: the time was not
 * enough. */
static gboolean
make_views (RiposteMessageList *self, guint from, int step, int top, int bottom, gint64 deadline)
{
  int y = get_position (self, from), seen = get_top (self);

  for (guint i = from; i < self->rows->len && y < bottom && y + get_row (self, i)->height > top; i += step)
    {
      Row *row = get_row (self, i);
      gboolean made = !row->view, whole;
      int height;

      if (g_get_monotonic_time () > deadline)
        return FALSE;
      if (made)
        make_view (self, i);
      riposte_message_view_set_seen (RIPOSTE_MESSAGE_VIEW (row->view), seen - y, seen + get_page (self) - y);
      whole = riposte_message_view_build (RIPOSTE_MESSAGE_VIEW (row->view), top - y, bottom - y, deadline);
      if (made || !whole)
        {
          measure_view (self, row->view, &height); /* which takes as long, and is kept for the layout */
          gtk_widget_queue_allocate (GTK_WIDGET (self));
        }
      if (!whole)
        return FALSE;
      if (step > 0)
        y += row->height + SPACING;
      else if (i > 0)
        y -= get_row (self, i - 1)->height + SPACING;
    }
  return TRUE;
}

/* Where the keyboard is, and an answer that grows: making that anew would take long. */
static gboolean
is_in_use (GtkWidget *view)
{
  return has_focus (view) || riposte_message_is_busy (riposte_message_view_get_message (RIPOSTE_MESSAGE_VIEW (view)));
}

/* What is further away than two pages goes, a few in a frame. Returns: all of it went */
static gboolean
drop_views (RiposteMessageList *self)
{
  int page = get_page (self), top = get_top (self), y = MARGIN;
  guint n = 0;

  for (guint i = 0; i < self->rows->len; i++)
    {
      Row *row = get_row (self, i);
      int end = y + row->height;

      if (row->view && (end < top - 2 * page || y > top + 3 * page) && !is_in_use (row->view))
        {
          if (n++ == MAX_DROPPED)
            return FALSE;
          drop_view (row);
        }
      y = end + SPACING;
    }
  return TRUE;
}

/* What is seen first, then a page around it. Returns: everything is as it should be */
static gboolean
sync_views (RiposteMessageList *self)
{
  gint64 deadline = g_get_monotonic_time () + BUDGET_US;
  int page = get_page (self), top = get_top (self);
  gboolean done;

  if (!self->rows->len)
    return TRUE;
  done = drop_views (self);
  if (self->following)
    return make_views (self, self->rows->len - 1, -1, top - page, top + page, deadline) && done;
  return make_views (self, self->anchor, 1, top, top + page, deadline)
         && make_views (self, self->anchor, 1, top, top + 2 * page, deadline)
         && make_views (self, self->anchor, -1, top - page, top + page, deadline) && done;
}

/* To about where the words are, which may have no widgets yet. Returns: it was done before */
static gboolean
approach (RiposteMessageList *self, Row *row)
{
  int y;

  if (self->approached)
    return TRUE;
  self->approached = TRUE;
  y = riposte_message_view_seek (RIPOSTE_MESSAGE_VIEW (row->view), self->words);
  self->offset = MAX (-MARGIN, y - get_page (self) / 3);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  return FALSE;
}

/* To the words in the message that is shown, once these have a place. Returns: nothing is looked for any more */
static gboolean
seek_words (RiposteMessageList *self)
{
  Row *row = self->words && self->sought < self->rows->len ? get_row (self, self->sought) : NULL;
  graphene_point_t at = GRAPHENE_POINT_INIT (0, 0);
  g_autofree char *words = NULL;
  GtkWidget *found;

  if (row
      && (!row->view || riposte_message_view_is_parsing (RIPOSTE_MESSAGE_VIEW (row->view))
          || gtk_widget_get_height (row->view) != row->height || !approach (self, row)))
    return FALSE;
  words = g_steal_pointer (&self->words);
  found = row ? riposte_select_text (row->view, words) : NULL;
  if (!found)
    return TRUE;
  gtk_widget_grab_focus (found); /* which scrolls, and selects as it likes */
  riposte_select_text (found, words);
  at.y = (float)riposte_get_selection_y (found);
  set_following (self, FALSE);
  self->anchor = self->sought;
  self->offset = -MARGIN;
  if (gtk_widget_compute_point (found, row->view, &at, &at) && at.y > (float)get_page (self) * 2 / 3)
    self->offset = (int)at.y - get_page (self) / 3;
  gtk_widget_queue_allocate (GTK_WIDGET (self));
  return TRUE;
}

/* The message that was shown instead of another has the focus where that one had it. */
static void
return_focus (RiposteMessageList *self)
{
  Row *row = self->switching && self->switched < self->rows->len ? get_row (self, self->switched) : NULL;

  if (row && row->view)
    riposte_message_view_focus_switcher (RIPOSTE_MESSAGE_VIEW (row->view), self->switching);
  self->switching = 0;
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  RiposteMessageList *self = RIPOSTE_MESSAGE_LIST (widget);

  if (!sync_views (self) || !seek_words (self))
    return G_SOURCE_CONTINUE;
  return_focus (self);
  self->tick = 0;
  return G_SOURCE_REMOVE;
}

static void
request_sync (RiposteMessageList *self)
{
  if (!self->tick)
    self->tick = gtk_widget_add_tick_callback (GTK_WIDGET (self), on_tick, NULL, NULL);
  gtk_widget_queue_allocate (GTK_WIDGET (self));
}

/* ---- layout ---- */

static void
set_content_width (RiposteMessageList *self, int width)
{
  int content_width = CLAMP (width - 2 * MARGIN, 1, MAX_WIDTH);

  if (content_width == self->content_width)
    return;
  self->content_width = content_width;
  for (guint i = 0; i < self->rows->len; i++)
    get_row (self, i)->height = guess_height (self, i);
  self->slack = 0;
}

static void
measure_rows (RiposteMessageList *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      Row *row = get_row (self, i);
      int height, shift;

      if (!row->view)
        continue;
      row->width = measure_view (self, row->view, &height);
      shift = riposte_message_view_take_shift (RIPOSTE_MESSAGE_VIEW (row->view));
      if (i == self->anchor)
        self->offset += shift;
      self->slack -= i < self->anchor ? height - row->height : i == self->anchor ? shift : 0;
      row->height = height;
    }
}

static void
configure (RiposteMessageList *self, int width, int height)
{
  GtkAdjustment *vertical = self->adjustments[GTK_ORIENTATION_VERTICAL];
  GtkAdjustment *horizontal = self->adjustments[GTK_ORIENTATION_HORIZONTAL];
  int upper, value;

  /* the first row comes into view, which has to be at the top */
  if (self->following || get_position (self, self->anchor) + self->offset < 2 * height)
    self->slack = 0;
  upper = MAX (height, self->slack + get_total (self));
  value = self->following ? upper - height : self->slack + get_position (self, self->anchor) + self->offset;
  value = CLAMP (value, 0, upper - height);
  self->configuring = TRUE;
  if (vertical)
    gtk_adjustment_configure (vertical, value, 0, upper, height * 0.1, height * 0.9, height);
  if (horizontal)
    gtk_adjustment_configure (horizontal, 0, 0, width, width * 0.1, width * 0.9, width);
  self->configuring = FALSE;
  set_anchor (self);
}

static void
allocate_rows (RiposteMessageList *self, int width, int height)
{
  int x = (width - self->content_width) / 2, y = self->slack - (int)get_value (self) + MARGIN;

  for (guint i = 0; i < self->rows->len; i++)
    {
      Row *row = get_row (self, i);

      if (row->view)
        {
          GtkAllocation area = { x, y, row->width, row->height };

          gtk_widget_set_child_visible (row->view, y < height + height / 2 && y + row->height > -height / 2);
          gtk_widget_size_allocate (row->view, &area, -1);
          riposte_message_view_set_seen (RIPOSTE_MESSAGE_VIEW (row->view), -y, height - y);
        }
      y += row->height + SPACING;
    }
}

static void
riposte_message_list_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RiposteMessageList *self = RIPOSTE_MESSAGE_LIST (widget);

  set_content_width (self, width);
  measure_rows (self);
  configure (self, width, height);
  allocate_rows (self, width, height);
  if (!self->tick) /* what came into view may have to be made */
    self->tick = gtk_widget_add_tick_callback (widget, on_tick, NULL, NULL);
}

static void
riposte_message_list_measure (GtkWidget *widget,
                              GtkOrientation orientation,
                              int for_size,
                              int *minimum,
                              int *natural,
                              int *minimum_baseline,
                              int *natural_baseline)
{
  *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 240 : 1;
  *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? MAX_WIDTH + 2 * MARGIN : 300;
}

/* ---- scrolling ---- */

/* Nothing moves: the scroll bar may say where the reader really is. */
static gboolean
on_rest (gpointer user_data)
{
  RiposteMessageList *self = user_data;

  self->rest = 0;
  if (self->slack)
    {
      self->slack = 0;
      gtk_widget_queue_allocate (GTK_WIDGET (self));
    }
  return G_SOURCE_REMOVE;
}

static void
on_value_changed (RiposteMessageList *self)
{
  GtkAdjustment *adjustment = self->adjustments[GTK_ORIENTATION_VERTICAL];
  double left = gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment);

  if (self->configuring)
    return;
  g_clear_pointer (&self->words, g_free);
  set_following (self, left - gtk_adjustment_get_value (adjustment) <= NEAR);
  set_anchor (self);
  g_clear_handle_id (&self->rest, g_source_remove);
  self->rest = g_timeout_add (REST_MS, on_rest, self);
  request_sync (self);
}

static void
set_adjustment (RiposteMessageList *self, GtkOrientation orientation, GtkAdjustment *adjustment)
{
  GtkAdjustment *old = self->adjustments[orientation];

  if (old == adjustment)
    return;
  if (old)
    g_signal_handlers_disconnect_by_func (old, on_value_changed, self);
  g_set_object (&self->adjustments[orientation], adjustment);
  if (adjustment && orientation == GTK_ORIENTATION_VERTICAL)
    g_signal_connect_object (adjustment, "value-changed", G_CALLBACK (on_value_changed), self, G_CONNECT_SWAPPED);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

/* Whatever gets the focus comes into view. */
static void
riposte_message_list_set_focus_child (GtkWidget *widget, GtkWidget *child)
{
  RiposteMessageList *self = RIPOSTE_MESSAGE_LIST (widget);
  GtkWidget *focus = child ? gtk_root_get_focus (gtk_widget_get_root (widget)) : NULL;
  GtkAdjustment *adjustment = self->adjustments[GTK_ORIENTATION_VERTICAL];
  graphene_rect_t bounds;
  double y, height;

  GTK_WIDGET_CLASS (riposte_message_list_parent_class)->set_focus_child (widget, child);
  if (!focus || !adjustment || !gtk_widget_is_ancestor (focus, widget)
      || !gtk_widget_compute_bounds (focus, widget, &bounds))
    return;
  y = bounds.origin.y + get_value (self);
  height = MIN (bounds.size.height, get_page (self));
  gtk_adjustment_clamp_page (adjustment, y - SPACING, y + height + SPACING);
}

gboolean
riposte_message_list_get_following (RiposteMessageList *self)
{
  return self->following;
}

void
riposte_message_list_follow (RiposteMessageList *self)
{
  set_following (self, TRUE);
  request_sync (self);
}

void
riposte_message_list_show (RiposteMessageList *self, guint position, const char *words)
{
  g_return_if_fail (position < self->rows->len);
  g_free (self->words);
  self->words = g_strdup (words);
  self->approached = FALSE;
  self->sought = position;
  set_following (self, FALSE);
  self->anchor = position;
  self->offset = -MARGIN;
  self->slack = 0;
  request_sync (self);
}

/* ---- messages ---- */

static void
update_last (RiposteMessageList *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (get_row (self, i)->view)
      riposte_message_view_set_last (RIPOSTE_MESSAGE_VIEW (get_row (self, i)->view), i + 1 == self->rows->len);
}

/* Returns: the focus went with one of the views */
static gboolean
drop_rows (RiposteMessageList *self, guint position, guint n)
{
  gboolean focused = FALSE;

  self->switching = 0;
  for (guint i = position; i < position + n; i++)
    {
      GtkWidget *view = get_row (self, i)->view;

      if (view && has_focus (view))
        {
          focused = TRUE;
          self->switching = riposte_message_view_get_switching (RIPOSTE_MESSAGE_VIEW (view));
          self->switched = i;
        }
      drop_view (get_row (self, i));
    }
  g_array_remove_range (self->rows, position, n);
  return focused;
}

static void
on_items_changed (RiposteMessageList *self, guint position, guint removed, guint added)
{
  gboolean lost = drop_rows (self, position, removed);

  for (guint i = 0; i < added; i++)
    {
      Row row = { 0 };

      g_array_insert_val (self->rows, position + i, row);
      get_row (self, position + i)->height = guess_height (self, position + i);
    }
  if (self->anchor >= position + removed)
    self->anchor += added - removed;
  if (self->sought >= position + removed)
    self->sought += added - removed;
  self->anchor = MIN (self->anchor, self->rows->len ? self->rows->len - 1 : 0);
  if (added && !removed && position + added == self->rows->len) /* who asks wants to see the answer */
    set_following (self, TRUE);
  update_last (self);
  request_sync (self);
  if (lost)
    gtk_widget_activate_action (GTK_WIDGET (self), "win.focus-composer", NULL);
}

void
riposte_message_list_set_model (RiposteMessageList *self, GListModel *model)
{
  if (self->model == model)
    return;
  if (self->model)
    g_signal_handlers_disconnect_by_data (self->model, self);
  on_items_changed (self, 0, self->rows->len, 0);
  g_clear_pointer (&self->words, g_free);
  g_set_object (&self->model, model);
  self->anchor = 0;
  self->offset = self->slack = 0;
  set_following (self, TRUE);
  if (!model)
    return;
  on_items_changed (self, 0, 0, g_list_model_get_n_items (model));
  g_signal_connect_object (model, "items-changed", G_CALLBACK (on_items_changed), self, G_CONNECT_SWAPPED);
}

/* ---- object ---- */

static void
riposte_message_list_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RiposteMessageList *self = RIPOSTE_MESSAGE_LIST (object);

  if (id == PROP_FOLLOWING)
    g_value_set_boolean (value, self->following);
  else if (id == PROP_HADJUSTMENT || id == PROP_VADJUSTMENT)
    g_value_set_object (value, self->adjustments[id == PROP_VADJUSTMENT]);
  else
    g_value_set_enum (value, GTK_SCROLL_MINIMUM);
}

static void
riposte_message_list_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RiposteMessageList *self = RIPOSTE_MESSAGE_LIST (object);

  if (id == PROP_HADJUSTMENT || id == PROP_VADJUSTMENT)
    set_adjustment (self, id == PROP_VADJUSTMENT ? GTK_ORIENTATION_VERTICAL : GTK_ORIENTATION_HORIZONTAL,
                    g_value_get_object (value));
}

static void
riposte_message_list_dispose (GObject *object)
{
  RiposteMessageList *self = RIPOSTE_MESSAGE_LIST (object);

  g_clear_handle_id (&self->rest, g_source_remove);
  if (self->model)
    g_signal_handlers_disconnect_by_data (self->model, self);
  for (guint i = 0; i < self->rows->len; i++)
    drop_view (get_row (self, i));
  g_array_set_size (self->rows, 0);
  g_clear_object (&self->model);
  for (guint i = 0; i < G_N_ELEMENTS (self->adjustments); i++)
    g_clear_object (&self->adjustments[i]);
  G_OBJECT_CLASS (riposte_message_list_parent_class)->dispose (object);
}

static void
riposte_message_list_finalize (GObject *object)
{
  g_array_unref (RIPOSTE_MESSAGE_LIST (object)->rows);
  g_free (RIPOSTE_MESSAGE_LIST (object)->words);
  G_OBJECT_CLASS (riposte_message_list_parent_class)->finalize (object);
}

static void
riposte_message_list_scrollable_init (GtkScrollableInterface *iface)
{
}

static void
riposte_message_list_class_init (RiposteMessageListClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  object->get_property = riposte_message_list_get_property;
  object->set_property = riposte_message_list_set_property;
  object->dispose = riposte_message_list_dispose;
  object->finalize = riposte_message_list_finalize;
  widget->measure = riposte_message_list_measure;
  widget->size_allocate = riposte_message_list_size_allocate;
  widget->set_focus_child = riposte_message_list_set_focus_child;
  g_object_class_override_property (object, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property (object, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property (object, PROP_HSCROLL_POLICY, "hscroll-policy");
  g_object_class_override_property (object, PROP_VSCROLL_POLICY, "vscroll-policy");
  g_object_class_install_property (
    object, PROP_FOLLOWING,
    g_param_spec_boolean ("following", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  /* what is added at its end is news, that may wait until the reader has time */
  gtk_widget_class_set_accessible_role (widget, GTK_ACCESSIBLE_ROLE_LOG);
}

static void
riposte_message_list_init (RiposteMessageList *self)
{
  self->rows = g_array_new (FALSE, TRUE, sizeof (Row));
  self->following = TRUE;
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
}
