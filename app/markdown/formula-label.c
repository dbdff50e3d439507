#include "markdown/formula-label.h"

#include "markdown/markdown-inline.h"
#include "math/math-find.h"
#include "math/math-layout.h"

#include <math.h>
#include <string.h>

/* Serifs look smaller than the letters around them. */
#define SCALE     1.1
/* In em; what is wider may be broken. */
#define MAX_PIECE 12

/* A formula in the label's text, in bytes. */
typedef struct
{
  guint start, end;
} Span;

struct _RiposteFormulaLabel
{
  GtkWidget parent;

  GtkLabel *label;
  GArray *spans;    /* of Span */
  GPtrArray *boxes; /* of RiposteMathBox: the pieces of all formulas */
  double size;      /* of the font that they were laid out for, in pixels; 0: not yet */
};

G_DEFINE_FINAL_TYPE (RiposteFormulaLabel, riposte_formula_label, GTK_TYPE_WIDGET)

gboolean
riposte_markup_has_formulas (const char *markup)
{
  return strstr (markup, RIPOSTE_FORMULA_TAG) != NULL;
}

/* ---- formulas in the text ---- */

static void
find_spans (RiposteFormulaLabel *self)
{
  PangoAttrList *attributes = pango_layout_get_attributes (gtk_label_get_layout (self->label));
  GSList *list = attributes ? pango_attr_list_get_attributes (attributes) : NULL;
  PangoLanguage *tex = pango_language_from_string (RIPOSTE_FORMULA_LANGUAGE);

  g_array_set_size (self->spans, 0);
  for (GSList *l = list; l; l = l->next)
    {
      PangoAttribute *attribute = l->data;
      PangoAttrLanguage *language = pango_attribute_as_language (attribute);

      if (language && language->value == tex)
        g_array_append_val (self->spans, ((Span){ attribute->start_index, attribute->end_index }));
    }
  g_slist_free_full (list, (GDestroyNotify)pango_attribute_destroy);
}

static void
insert (PangoAttrList *attributes, PangoAttribute *attribute, guint start, guint end)
{
  attribute->start_index = start;
  attribute->end_index = end;
  pango_attr_list_insert (attributes, attribute);
}

/* Its first character is as large as the box, which draws itself over it; the others take no room. A line may be broken
 * behind the blank that ends it, where another piece follows. */
static void
insert_piece (PangoAttrList *attributes, RiposteMathBox *box, const char *text, guint start, guint end, gboolean last)
{
  static const PangoRectangle nothing;
  PangoRectangle room = { 0, (int)floor (-box->ascent * PANGO_SCALE), (int)ceil (box->width * PANGO_SCALE),
                          (int)ceil ((box->ascent + box->descent) * PANGO_SCALE) };
  guint second = g_utf8_next_char (text + start) - text;

  insert (attributes, pango_attr_shape_new_with_data (&room, &room, box, NULL, NULL), start, second);
  if (second < end)
    insert (attributes, pango_attr_shape_new (&nothing, &nothing), second, end);
  insert (attributes, pango_attr_allow_breaks_new (FALSE), start, last || text[end - 1] != ' ' ? end : end - 1);
}

static void
insert_formula (RiposteFormulaLabel *self, PangoAttrList *attributes, GHashTable *texts, const Span *span)
{
  const char *text = gtk_label_get_text (self->label);
  g_autofree char *line = g_strndup (text + span->start, span->end - span->start), *tex = NULL;
  g_autoptr (RiposteMath) math = NULL;
  g_autoptr (GPtrArray) pieces = NULL;
  gboolean display;
  gsize offset;

  tex = riposte_formula_strip (line, &offset, &display);
  math = tex ? riposte_math_parse (tex) : NULL;
  if (!math)
    return;
  pieces = riposte_math_layout_pieces (math, gtk_widget_get_pango_context (GTK_WIDGET (self)), texts,
                                       self->size * SCALE, display, MAX_PIECE * self->size);
  for (guint i = 0; i < pieces->len; i++)
    {
      RiposteMathBox *box = pieces->pdata[i], *next = i + 1 < pieces->len ? pieces->pdata[i + 1] : NULL;

      insert_piece (attributes, box, text, i ? span->start + offset + box->start : span->start,
                    next ? span->start + offset + next->start : span->end, !next);
    }
  g_ptr_array_extend_and_steal (self->boxes, g_steal_pointer (&pieces));
}

static double
get_font_size (RiposteFormulaLabel *self)
{
  PangoContext *context = gtk_widget_get_pango_context (GTK_WIDGET (self));
  const PangoFontDescription *font = pango_context_get_font_description (context);
  double size = (double)pango_font_description_get_size (font) / PANGO_SCALE;

  if (!pango_font_description_get_size_is_absolute (font))
    size *= pango_cairo_context_get_resolution (context) / 72;
  return size;
}

static void
lay_out (RiposteFormulaLabel *self)
{
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();
  g_autoptr (GHashTable) texts = riposte_math_texts_new ();
  g_autoptr (GPtrArray) old = g_steal_pointer (&self->boxes); /* which the label's attributes point to until then */

  self->boxes = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_math_box_free);
  self->size = get_font_size (self);
  for (guint i = 0; i < self->spans->len; i++)
    insert_formula (self, attributes, texts, &g_array_index (self->spans, Span, i));
  pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
  gtk_label_set_attributes (self->label, attributes);
}

void
riposte_formula_label_set_markup (RiposteFormulaLabel *self, const char *markup)
{
  gtk_label_set_attributes (self->label, NULL);
  gtk_label_set_markup (self->label, markup);
  find_spans (self);
  lay_out (self);
}

static void
riposte_formula_label_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  RiposteFormulaLabel *self = RIPOSTE_FORMULA_LABEL (widget);

  GTK_WIDGET_CLASS (riposte_formula_label_parent_class)->css_changed (widget, change);
  if (self->size > 0 && self->size != get_font_size (self))
    lay_out (self);
}

/* ---- drawing ---- */

static RiposteMathBox *
get_box (PangoLayoutRun *run)
{
  for (GSList *l = run ? run->item->analysis.extra_attrs : NULL; l; l = l->next)
    {
      PangoAttribute *attribute = l->data;

      if (attribute->klass->type == PANGO_ATTR_SHAPE)
        return ((PangoAttrShape *)attribute)->data;
    }
  return NULL;
}

static void
riposte_formula_label_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RiposteFormulaLabel *self = RIPOSTE_FORMULA_LABEL (widget);
  PangoLayoutIter *iter = pango_layout_get_iter (gtk_label_get_layout (self->label));
  graphene_point_t origin = GRAPHENE_POINT_INIT (0, 0);
  GdkRGBA color;
  int x, y;

  gtk_widget_snapshot_child (widget, GTK_WIDGET (self->label), snapshot);
  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self->label)), &color);
  gtk_label_get_layout_offsets (self->label, &x, &y);
  if (gtk_widget_compute_point (GTK_WIDGET (self->label), widget, &origin, &origin))
    do
      {
        RiposteMathBox *box = get_box (pango_layout_iter_get_run_readonly (iter));
        PangoRectangle place;

        if (!box)
          continue;
        pango_layout_iter_get_run_extents (iter, NULL, &place);
        riposte_math_box_snapshot (box, snapshot, origin.x + x + (double)place.x / PANGO_SCALE,
                                   origin.y + y + (double)pango_layout_iter_get_baseline (iter) / PANGO_SCALE, &color);
      }
    while (pango_layout_iter_next_run (iter));
  pango_layout_iter_free (iter);
}

/* ---- copying ---- */

/* What is selected of a formula becomes all of it. */
static void
on_copy (RiposteFormulaLabel *self)
{
  const char *text = gtk_label_get_text (self->label);
  int start, end;
  guint first, last;

  if (!gtk_label_get_selection_bounds (self->label, &start, &end))
    return;
  first = g_utf8_offset_to_pointer (text, start) - text;
  last = g_utf8_offset_to_pointer (text, end) - text;
  for (guint i = 0; i < self->spans->len; i++)
    {
      const Span *span = &g_array_index (self->spans, Span, i);

      if (first > span->start && first < span->end)
        first = span->start;
      if (last > span->start && last < span->end)
        last = span->end;
    }
  gtk_label_select_region (self->label, (int)g_utf8_pointer_to_offset (text, text + first),
                           (int)g_utf8_pointer_to_offset (text, text + last));
}

/* ---- object ---- */

static void
riposte_formula_label_dispose (GObject *object)
{
  RiposteFormulaLabel *self = RIPOSTE_FORMULA_LABEL (object);
  GtkWidget *label = GTK_WIDGET (self->label);

  if (label)
    gtk_widget_unparent (label);
  self->label = NULL;
  G_OBJECT_CLASS (riposte_formula_label_parent_class)->dispose (object);
}

static void
riposte_formula_label_finalize (GObject *object)
{
  RiposteFormulaLabel *self = RIPOSTE_FORMULA_LABEL (object);

  g_array_unref (self->spans);
  g_ptr_array_unref (self->boxes);
  G_OBJECT_CLASS (riposte_formula_label_parent_class)->finalize (object);
}

static void
riposte_formula_label_class_init (RiposteFormulaLabelClass *klass)
{
  GtkWidgetClass *widget = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = riposte_formula_label_dispose;
  G_OBJECT_CLASS (klass)->finalize = riposte_formula_label_finalize;
  widget->css_changed = riposte_formula_label_css_changed;
  widget->snapshot = riposte_formula_label_snapshot;
  gtk_widget_class_set_accessible_role (widget, GTK_ACCESSIBLE_ROLE_GENERIC);
  gtk_widget_class_set_layout_manager_type (widget, GTK_TYPE_BIN_LAYOUT);
}

static void
riposte_formula_label_init (RiposteFormulaLabel *self)
{
  self->spans = g_array_new (FALSE, FALSE, sizeof (Span));
  self->boxes = g_ptr_array_new_with_free_func ((GDestroyNotify)riposte_math_box_free);
}

GtkWidget *
riposte_formula_label_new (GtkLabel *label)
{
  RiposteFormulaLabel *self = g_object_new (RIPOSTE_TYPE_FORMULA_LABEL, NULL);

  self->label = label;
  gtk_widget_set_parent (GTK_WIDGET (label), GTK_WIDGET (self));
  g_signal_connect_object (label, "copy-clipboard", G_CALLBACK (on_copy), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

GtkLabel *
riposte_formula_label_get_label (RiposteFormulaLabel *self)
{
  return self->label;
}
