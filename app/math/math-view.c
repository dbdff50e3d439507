#include "math/math-view.h"

#include "math/math-layout.h"

#include <glib/gi18n.h>
#include <math.h>

#define PADDING 4

struct _RiposteMathView
{
  GtkWidget parent;

  char *tex;
  RiposteMath *math;
  RiposteMathBox *box; /* (nullable) for the font as it is */
  GtkWidget *menu;     /* (nullable) once it was asked for */
};

G_DEFINE_FINAL_TYPE (RiposteMathView, riposte_math_view, GTK_TYPE_WIDGET)

static RiposteMathBox *
get_box (RiposteMathView *self)
{
  PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  const PangoFontDescription *font = pango_context_get_font_description (context);
  g_autoptr (GHashTable) texts = NULL;
  double size = (double)pango_font_description_get_size (font) / PANGO_SCALE;

  if (self->box || !self->math)
    return self->box;
  if (!pango_font_description_get_size_is_absolute (font))
    size *= pango_cairo_context_get_resolution (context) / 72;
  texts = riposte_math_texts_new ();
  self->box = riposte_math_layout (self->math, context, texts, size * 1.15, TRUE);
  return self->box;
}

static void
riposte_math_view_measure (GtkWidget *widget,
                           GtkOrientation orientation,
                           int for_size,
                           int *minimum,
                           int *natural,
                           int *minimum_baseline,
                           int *natural_baseline)
{
  RiposteMathBox *box = get_box (RIPOSTE_MATH_VIEW (widget));
  double length = !box ? 0 : orientation == GTK_ORIENTATION_HORIZONTAL ? box->width : box->ascent + box->descent;

  *minimum = *natural = (int)ceil (length) + 2 * PADDING;
}

static void
riposte_math_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RiposteMathBox *box = get_box (RIPOSTE_MATH_VIEW (widget));
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  if (box)
    riposte_math_box_snapshot (box, snapshot, PADDING, PADDING + box->ascent, &color);
}

/* The font, or its scale. */
static void
forget_box (RiposteMathView *self)
{
  g_clear_pointer (&self->box, riposte_math_box_free);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
riposte_math_view_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (riposte_math_view_parent_class)->css_changed (widget, change);
  forget_box (RIPOSTE_MATH_VIEW (widget));
}

static void
on_copy (GtkWidget *widget, const char *name, GVariant *parameter)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), RIPOSTE_MATH_VIEW (widget)->tex);
}

static void
on_menu (GtkGestureClick *gesture, int n_press, double x, double y, RiposteMathView *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();

  g_menu_append (menu, _ ("_Copy as TeX"), "math.copy");
  if (!self->menu)
    {
      self->menu = gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
      gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
    }
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu), &(GdkRectangle){ (int)x, (int)y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
riposte_math_view_dispose (GObject *object)
{
  g_clear_pointer (&RIPOSTE_MATH_VIEW (object)->menu, gtk_widget_unparent);
  G_OBJECT_CLASS (riposte_math_view_parent_class)->dispose (object);
}

static void
riposte_math_view_finalize (GObject *object)
{
  RiposteMathView *self = RIPOSTE_MATH_VIEW (object);

  g_free (self->tex);
  riposte_math_free (self->math);
  g_clear_pointer (&self->box, riposte_math_box_free);
  G_OBJECT_CLASS (riposte_math_view_parent_class)->finalize (object);
}

static void
riposte_math_view_class_init (RiposteMathViewClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_math_view_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_math_view_finalize;
  widget->measure = riposte_math_view_measure;
  widget->snapshot = riposte_math_view_snapshot;
  widget->css_changed = riposte_math_view_css_changed;
  gtk_widget_class_install_action (widget, "math.copy", NULL, on_copy);
  gtk_widget_class_add_binding_action (widget, GDK_KEY_c, GDK_CONTROL_MASK, "math.copy", NULL);
  gtk_widget_class_set_accessible_role (widget, GTK_ACCESSIBLE_ROLE_MATH);
  gtk_widget_class_set_css_name (widget, "math");
}

static void
riposte_math_view_init (RiposteMathView *self)
{
  GtkGesture *menu = gtk_gesture_click_new ();

  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (menu), GDK_BUTTON_SECONDARY);
  g_signal_connect (menu, "pressed", G_CALLBACK (on_menu), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (menu));
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  g_signal_connect (self, "notify::scale-factor", G_CALLBACK (forget_box), NULL);
}

GtkWidget *
riposte_math_view_new (const char *tex)
{
  RiposteMathView *self = g_object_new (RIPOSTE_TYPE_MATH_VIEW, NULL);

  self->tex = g_strdup (tex);
  self->math = riposte_math_parse (tex);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, tex, -1);
  return GTK_WIDGET (self);
}
