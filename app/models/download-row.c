#include "models/download-row.h"

#include <glib/gi18n.h>

struct _RiposteDownloadRow
{
  AdwPreferencesRow parent;

  RiposteDownload *download;
  guint tick; /* counts the seconds down until the next try */

  GtkLabel *name, *status;
  GtkProgressBar *progress;
  GtkWidget *pause, *resume, *retry, *cancel;
};

G_DEFINE_FINAL_TYPE (RiposteDownloadRow, riposte_download_row, ADW_TYPE_PREFERENCES_ROW)

static gboolean update (RiposteDownloadRow *self);

static void
watch_seconds (RiposteDownloadRow *self, gboolean waiting)
{
  if (waiting && !self->tick)
    self->tick = g_timeout_add_seconds (1, G_SOURCE_FUNC (update), self);
  else if (!waiting)
    g_clear_handle_id (&self->tick, g_source_remove);
}

static gboolean
update (RiposteDownloadRow *self)
{
  const RiposteTransferInfo *info = riposte_download_get_info (self->download);
  RiposteDownloadState state = riposte_download_get_state (self->download);
  g_autofree char *status = riposte_download_describe (self->download);
  gboolean running = state == RIPOSTE_DOWNLOAD_RUNNING, failed = state == RIPOSTE_DOWNLOAD_FAILED;

  gtk_label_set_label (self->status, status);
  if (failed)
    gtk_widget_add_css_class (GTK_WIDGET (self->status), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->status), "error");
  gtk_progress_bar_set_fraction (self->progress, info->total ? MIN (1, (double)info->done / info->total) : 0);
  gtk_widget_set_visible (self->pause, running);
  gtk_widget_set_visible (self->resume, !running && !failed);
  gtk_widget_set_visible (self->retry, failed);
  watch_seconds (self, running && info->step == RIPOSTE_TRANSFER_WAITING);
  return G_SOURCE_CONTINUE;
}

static void
on_pause (RiposteDownloadRow *self)
{
  riposte_download_pause (self->download);
  gtk_widget_grab_focus (self->resume);
}

static void
on_start (RiposteDownloadRow *self)
{
  riposte_download_start (self->download);
  gtk_widget_grab_focus (self->pause);
}

static void
on_cancel (RiposteDownloadRow *self)
{
  riposte_download_cancel (self->download);
}

static void
riposte_download_row_init (RiposteDownloadRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
riposte_download_row_dispose (GObject *object)
{
  RiposteDownloadRow *self = RIPOSTE_DOWNLOAD_ROW (object);

  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_object (&self->download);
  G_OBJECT_CLASS (riposte_download_row_parent_class)->dispose (object);
}

static void
riposte_download_row_class_init (RiposteDownloadRowClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_download_row_dispose;
  gtk_widget_class_set_template_from_resource (widget, "/dev/riposte/Riposte/models/download-row.ui");
  gtk_widget_class_bind_template_child (widget, RiposteDownloadRow, name);
  gtk_widget_class_bind_template_child (widget, RiposteDownloadRow, status);
  gtk_widget_class_bind_template_child (widget, RiposteDownloadRow, progress);
  gtk_widget_class_bind_template_child (widget, RiposteDownloadRow, pause);
  gtk_widget_class_bind_template_child (widget, RiposteDownloadRow, resume);
  gtk_widget_class_bind_template_child (widget, RiposteDownloadRow, retry);
  gtk_widget_class_bind_template_child (widget, RiposteDownloadRow, cancel);
  gtk_widget_class_bind_template_callback (widget, on_pause);
  gtk_widget_class_bind_template_callback (widget, on_start);
  gtk_widget_class_bind_template_callback (widget, on_cancel);
}

GtkWidget *
riposte_download_row_new (RiposteDownload *download)
{
  RiposteDownloadRow *self = g_object_new (RIPOSTE_TYPE_DOWNLOAD_ROW, NULL);
  const char *name = riposte_download_get_name (download);

  self->download = g_object_ref (download);
  gtk_label_set_label (self->name, name);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->progress), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_signal_connect_object (download, "changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
  return GTK_WIDGET (self);
}

RiposteDownload *
riposte_download_row_get_download (RiposteDownloadRow *self)
{
  return self->download;
}
