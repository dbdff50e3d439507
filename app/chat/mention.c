#include "chat/mention.h"

#include <glib/gi18n.h>

/* Names that are shown at once, and files of a folder that are looked at. */
#define MAX_SHOWN 8
#define MAX_FILES 2000

/* A name, and what it stands for: a document that is open, or a file. */
typedef struct
{
  char *name;
  GObject *target;
} Candidate;

struct _RiposteMention
{
  GObject parent;

  GtkTextView *view; /* not owned: it owns this */
  RiposteEditor *editor;
  GtkPopover *popover;
  GtkListBox *list;
  GPtrArray *candidates; /* (nullable) of Candidate, while a name is written */
  GCancellable *listing;
};

G_DEFINE_FINAL_TYPE (RiposteMention, riposte_mention, G_TYPE_OBJECT)

static guint document_signal, file_signal;

static void update (RiposteMention *self);

static void
candidate_free (gpointer data)
{
  Candidate *candidate = data;

  g_free (candidate->name);
  g_object_unref (candidate->target);
  g_free (candidate);
}

static void
add_candidate (RiposteMention *self, char *name, gpointer target)
{
  Candidate *candidate = g_new (Candidate, 1);

  candidate->name = name;
  candidate->target = g_object_ref (target);
  g_ptr_array_add (self->candidates, candidate);
}

/* ---- what there is ---- */

static gboolean
is_open (RiposteMention *self, GFile *file)
{
  for (guint i = 0; i < self->candidates->len; i++)
    {
      Candidate *candidate = self->candidates->pdata[i];

      if (RIPOSTE_IS_DOCUMENT (candidate->target)
          && riposte_document_is_file (RIPOSTE_DOCUMENT (candidate->target), file))
        return TRUE;
    }
  return FALSE;
}

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GFileEnumerator) files = g_file_enumerate_children (
    data, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_IS_HIDDEN,
    G_FILE_QUERY_INFO_NONE, cancellable, NULL);
  GFileInfo *info;

  while (files && names->len < MAX_FILES && g_file_enumerator_iterate (files, &info, NULL, cancellable, NULL) && info)
    if (g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR && !g_file_info_get_is_hidden (info))
      g_ptr_array_add (names, g_strdup (g_file_info_get_name (info)));
  g_task_return_pointer (task, g_steal_pointer (&names), (GDestroyNotify)g_ptr_array_unref);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RiposteMention *self = RIPOSTE_MENTION (source);
  GFile *folder = g_task_get_task_data (G_TASK (result));
  g_autoptr (GPtrArray) names = g_task_propagate_pointer (G_TASK (result), NULL);

  if (!names || !self->candidates)
    return;
  for (guint i = 0; i < names->len; i++)
    {
      g_autoptr (GFile) file = g_file_get_child (folder, names->pdata[i]);

      if (!is_open (self, file))
        add_candidate (self, g_filename_display_name (names->pdata[i]), file);
    }
  update (self);
}

static void
list_folder (RiposteMention *self, GFile *folder)
{
  g_autoptr (GTask) task = g_task_new (self, self->listing, on_listed, NULL);

  g_task_set_source_tag (task, list_folder);
  g_task_set_task_data (task, g_object_ref (folder), g_object_unref);
  g_task_run_in_thread (task, list_in_thread);
}

static void
collect (RiposteMention *self)
{
  g_autoptr (GPtrArray) documents = riposte_editor_list_documents (self->editor);
  g_autoptr (GHashTable) folders = g_hash_table_new_full (g_file_hash, (GEqualFunc)g_file_equal, g_object_unref, NULL);

  self->candidates = g_ptr_array_new_with_free_func (candidate_free);
  self->listing = g_cancellable_new ();
  for (guint i = 0; i < documents->len; i++)
    {
      RiposteDocument *document = documents->pdata[i];
      GFile *file = riposte_document_get_file (document);
      GFile *folder = file ? g_file_get_parent (file) : NULL;

      add_candidate (self, riposte_document_dup_title (document), document);
      if (folder && g_hash_table_add (folders, folder))
        list_folder (self, folder);
    }
}

static void
forget (RiposteMention *self)
{
  g_cancellable_cancel (self->listing);
  g_clear_object (&self->listing);
  g_clear_pointer (&self->candidates, g_ptr_array_unref);
  gtk_popover_popdown (self->popover);
}

/* ---- what is written ---- */

/* The name before the caret, behind an @ that begins a word. */
static char *
find_prefix (RiposteMention *self, GtkTextIter *start, GtkTextIter *end)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);

  gtk_text_buffer_get_iter_at_mark (buffer, end, gtk_text_buffer_get_insert (buffer));
  *start = *end;
  while (gtk_text_iter_backward_char (start) && !g_unichar_isspace (gtk_text_iter_get_char (start)))
    {
      GtkTextIter before = *start;

      if (gtk_text_iter_get_char (start) != '@')
        continue;
      if (gtk_text_iter_backward_char (&before) && !g_unichar_isspace (gtk_text_iter_get_char (&before)))
        return NULL;
      before = *start;
      gtk_text_iter_forward_char (&before);
      return gtk_text_buffer_get_text (buffer, &before, end, FALSE);
    }
  return NULL;
}

/* What begins so comes first, then what has it somewhere. */
static void
fill_list (RiposteMention *self, const char *prefix)
{
  g_autofree char *folded = g_utf8_casefold (prefix, -1);
  guint n = 0;

  for (GtkWidget *row; (row = gtk_widget_get_first_child (GTK_WIDGET (self->list)));)
    gtk_list_box_remove (self->list, row);
  for (int pass = 0; pass < 2; pass++)
    for (guint i = 0; i < self->candidates->len && n < MAX_SHOWN; i++)
      {
        Candidate *candidate = self->candidates->pdata[i];
        g_autofree char *name = g_utf8_casefold (candidate->name, -1);
        const char *found = strstr (name, folded);
        GtkWidget *label;

        if (!found || (pass == 0) != (found == name))
          continue;
        label = gtk_label_new (candidate->name);
        gtk_label_set_xalign (GTK_LABEL (label), 0);
        gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
        gtk_label_set_max_width_chars (GTK_LABEL (label), 40);
        g_object_set_data (G_OBJECT (label), "candidate", candidate);
        gtk_list_box_append (self->list, label);
        n++;
      }
  gtk_list_box_select_row (self->list, gtk_list_box_get_row_at_index (self->list, 0));
}

static void
point_at (RiposteMention *self, const GtkTextIter *start)
{
  GdkRectangle place;
  double x, y;

  gtk_text_view_get_iter_location (self->view, start, &place);
  gtk_text_view_buffer_to_window_coords (self->view, GTK_TEXT_WINDOW_WIDGET, place.x, place.y, &place.x, &place.y);
  gtk_widget_translate_coordinates (GTK_WIDGET (self->view), gtk_widget_get_parent (GTK_WIDGET (self->popover)),
                                    place.x, place.y, &x, &y);
  place.x = (int)x;
  place.y = (int)y;
  gtk_popover_set_pointing_to (self->popover, &place);
}

static void
update (RiposteMention *self)
{
  GtkTextIter start, end;
  g_autofree char *prefix = self->editor ? find_prefix (self, &start, &end) : NULL;

  if (!prefix)
    {
      if (self->candidates)
        forget (self);
      return;
    }
  if (!self->candidates)
    collect (self);
  fill_list (self, prefix);
  if (gtk_list_box_get_row_at_index (self->list, 0))
    {
      point_at (self, &start);
      gtk_popover_popup (self->popover);
    }
  else
    gtk_popover_popdown (self->popover);
}

static void
choose (RiposteMention *self, GtkListBoxRow *row)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  Candidate *candidate = g_object_get_data (G_OBJECT (gtk_list_box_row_get_child (row)), "candidate");
  g_autoptr (GObject) target = g_object_ref (candidate->target);
  g_autofree char *text = g_strdup_printf ("@%s ", candidate->name);
  GtkTextIter start, end;
  g_autofree char *prefix = find_prefix (self, &start, &end);

  forget (self);
  if (prefix)
    {
      gtk_text_buffer_begin_user_action (buffer);
      gtk_text_buffer_delete (buffer, &start, &end);
      gtk_text_buffer_insert (buffer, &start, text, -1);
      gtk_text_buffer_end_user_action (buffer);
    }
  g_signal_emit (self, RIPOSTE_IS_DOCUMENT (target) ? document_signal : file_signal, 0, target);
}

static void
on_row_activated (RiposteMention *self, GtkListBoxRow *row)
{
  choose (self, row);
}

gboolean
riposte_mention_handle_key (RiposteMention *self, guint key, GdkModifierType state)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->list);
  int step = key == GDK_KEY_Down ? 1 : key == GDK_KEY_Up ? -1 : 0;
  GtkListBoxRow *next;

  if (!gtk_widget_get_visible (GTK_WIDGET (self->popover)) || !row
      || (state & (GDK_CONTROL_MASK | GDK_ALT_MASK | GDK_SHIFT_MASK)))
    return FALSE;
  if (step)
    {
      next = gtk_list_box_get_row_at_index (self->list, gtk_list_box_row_get_index (row) + step);
      if (next)
        gtk_list_box_select_row (self->list, next);
      return TRUE;
    }
  if (key == GDK_KEY_Return || key == GDK_KEY_KP_Enter || key == GDK_KEY_Tab)
    {
      choose (self, row);
      return TRUE;
    }
  if (key == GDK_KEY_Escape)
    {
      gtk_popover_popdown (self->popover);
      return TRUE;
    }
  return FALSE;
}

void
riposte_mention_close (RiposteMention *self)
{
  if (self->candidates)
    forget (self);
}

/* ---- object ---- */

static void
riposte_mention_init (RiposteMention *self)
{
}

static void
riposte_mention_dispose (GObject *object)
{
  RiposteMention *self = RIPOSTE_MENTION (object);

  g_cancellable_cancel (self->listing);
  g_clear_object (&self->listing);
  g_clear_pointer (&self->candidates, g_ptr_array_unref);
  g_clear_object (&self->editor);
  if (self->popover)
    gtk_widget_unparent (GTK_WIDGET (self->popover));
  self->popover = NULL;
  G_OBJECT_CLASS (riposte_mention_parent_class)->dispose (object);
}

static void
riposte_mention_class_init (RiposteMentionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = riposte_mention_dispose;
  document_signal = g_signal_new ("document", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, RIPOSTE_TYPE_DOCUMENT);
  file_signal = g_signal_new ("file", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                              G_TYPE_FILE);
}

RiposteMention *
riposte_mention_new (GtkTextView *view, GtkWidget *parent)
{
  RiposteMention *self = g_object_new (RIPOSTE_TYPE_MENTION, NULL);
  GtkWidget *list = gtk_list_box_new (), *popover = gtk_popover_new ();

  self->view = view;
  self->list = GTK_LIST_BOX (list);
  self->popover = GTK_POPOVER (popover);
  gtk_popover_set_autohide (self->popover, FALSE);
  gtk_popover_set_has_arrow (self->popover, FALSE);
  gtk_popover_set_position (self->popover, GTK_POS_TOP);
  gtk_widget_set_can_focus (popover, FALSE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Files"), -1);
  gtk_popover_set_child (self->popover, list);
  gtk_widget_set_parent (popover, parent);
  g_signal_connect_object (list, "row-activated", G_CALLBACK (on_row_activated), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_text_view_get_buffer (view), "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return self;
}

void
riposte_mention_set_editor (RiposteMention *self, RiposteEditor *editor)
{
  g_set_object (&self->editor, editor);
}
