#include "markdown/block-widgets.h"

#include "markdown/code-block.h"
#include "markdown/formula-label.h"
#include "markdown/text-direction.h"
#include "math/math-view.h"
#include "plain-text.h"
#include "pass-wheel.h"

#include <glib/gi18n.h>

#define MAX_CELL_CHARS 32

static GtkWidget *create (const RiposteBlock *block);
static gboolean update (GtkWidget *widget, const RiposteBlock *old, const RiposteBlock *block);

/* ---- directions: each paragraph has that of its own script, whatever the window's is ---- */

static GtkTextDirection
block_direction (const RiposteBlock *block)
{
  GtkTextDirection direction = block->markup ? riposte_text_direction (block->markup, TRUE) : GTK_TEXT_DIR_NONE;

  for (guint i = 0; block->children && i < block->children->len && direction == GTK_TEXT_DIR_NONE; i++)
    direction = block_direction (block->children->pdata[i]);
  return direction;
}

/* ---- text ---- */

/* Opens nothing by itself: the window asks first, showing where the link leads. */
static gboolean
on_activate_link (GtkLabel *label, const char *url, gpointer user_data)
{
  if (riposte_is_web_address (url))
    gtk_widget_activate_action (GTK_WIDGET (label), "link.open", "s", url);
  return TRUE;
}

/* A hyphen in a long name or number would be taken for a part of it. */
static PangoAttrList *
get_attributes (void)
{
  static PangoAttrList *attributes;

  if (!attributes)
    {
      attributes = pango_attr_list_new ();
      pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
    }
  return attributes;
}

GMenuModel *
riposte_block_get_menu (void)
{
  static GMenu *menu;

  if (!menu)
    {
      menu = g_menu_new ();
      g_menu_append (menu, _ ("Select _Text…"), "message.select-text");
    }
  return G_MENU_MODEL (menu);
}

/* With formulas in it or without. */
static GtkWidget *
text_new (const char *markup, GtkAccessibleRole role)
{
  GtkWidget *label = g_object_new (GTK_TYPE_LABEL, "accessible-role", role, "wrap", TRUE, "wrap-mode",
                                   PANGO_WRAP_WORD_CHAR, "xalign", 0.0, "selectable", TRUE, "attributes",
                                   get_attributes (), "extra-menu", riposte_block_get_menu (), NULL);

  g_signal_connect (label, "activate-link", G_CALLBACK (on_activate_link), NULL);
  return riposte_markup_has_formulas (markup) ? riposte_formula_label_new (GTK_LABEL (label)) : label;
}

static GtkLabel *
get_label (GtkWidget *text)
{
  return GTK_IS_LABEL (text) ? GTK_LABEL (text) : riposte_formula_label_get_label (RIPOSTE_FORMULA_LABEL (text));
}

/* Returns: @text can show it */
static gboolean
set_text (GtkWidget *text, const char *markup)
{
  if (GTK_IS_LABEL (text) == riposte_markup_has_formulas (markup))
    return FALSE;
  gtk_widget_set_direction (GTK_WIDGET (get_label (text)), riposte_text_direction (markup, TRUE));
  if (GTK_IS_LABEL (text))
    gtk_label_set_markup (GTK_LABEL (text), markup);
  else
    riposte_formula_label_set_markup (RIPOSTE_FORMULA_LABEL (text), markup);
  return TRUE;
}

static GtkWidget *
heading_new (const RiposteBlock *heading)
{
  static const char *const classes[] = { "title-2", "title-3", "title-4", "heading" };
  GtkWidget *text = text_new (heading->markup, GTK_ACCESSIBLE_ROLE_HEADING);

  gtk_widget_add_css_class (text, classes[CLAMP (heading->level, 1, 4) - 1]);
  gtk_accessible_update_property (GTK_ACCESSIBLE (get_label (text)), GTK_ACCESSIBLE_PROPERTY_LEVEL, heading->level, -1);
  return text;
}

/* ---- lists: a grid of markers and boxes ---- */

static void
set_marker (GtkLabel *marker, int number)
{
  g_autofree char *text = NULL;

  if (number >= 0)
    text = g_strdup_printf ("%d.", number);
  gtk_label_set_label (marker, number == -1 ? "•" : number == -2 ? "☐" : number == -3 ? "☑" : text);
}

static GtkWidget *
marker_new (void)
{
  GtkWidget *marker = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (marker), 1);
  gtk_widget_set_valign (marker, GTK_ALIGN_START);
  gtk_widget_add_css_class (marker, "list-marker");
  return marker;
}

static void
sync_list (GtkGrid *grid, const RiposteBlock *list)
{
  guint n = list->children->len;

  for (guint i = 0; i < n; i++)
    {
      const RiposteBlock *item = list->children->pdata[i];
      GtkWidget *marker = gtk_grid_get_child_at (grid, 0, i);
      GtkWidget *box = gtk_grid_get_child_at (grid, 1, i);

      if (!marker)
        {
          marker = marker_new ();
          box = gtk_box_new (GTK_ORIENTATION_VERTICAL, RIPOSTE_BLOCK_SPACING / 2);
          gtk_widget_set_hexpand (box, TRUE);
          gtk_grid_attach (grid, marker, 0, i, 1, 1);
          gtk_grid_attach (grid, box, 1, i, 1, 1);
        }
      set_marker (GTK_LABEL (marker), item->number);
      gtk_widget_set_direction (marker, block_direction (list));
      riposte_block_widgets_sync (GTK_BOX (box), item->children);
    }
  while (gtk_grid_get_child_at (grid, 0, n))
    gtk_grid_remove_row (grid, n);
  gtk_widget_set_direction (GTK_WIDGET (grid), block_direction (list));
  gtk_grid_set_row_spacing (grid, list->tight ? RIPOSTE_BLOCK_SPACING / 2 : RIPOSTE_BLOCK_SPACING);
}

static GtkWidget *
list_new (void)
{
  GtkWidget *grid = g_object_new (GTK_TYPE_GRID, "accessible-role", GTK_ACCESSIBLE_ROLE_LIST, NULL);

  gtk_grid_set_column_spacing (GTK_GRID (grid), 8);
  gtk_widget_add_css_class (grid, "markdown-list");
  return grid;
}

/* ---- tables ---- */

static int
count_columns (const char *text)
{
  int n = 0;

  for (; *text; text = g_utf8_next_char (text))
    n += g_unichar_iswide (g_utf8_get_char (text)) ? 2 : 1;
  return n;
}

/* As many of which are about as wide as the text is; a formula is not as wide as its source. */
static int
count_chars (GtkLabel *label)
{
  PangoLayout *layout = gtk_label_get_layout (label);
  PangoFontMetrics *metrics;
  int width, height, per_char;

  if (!RIPOSTE_IS_FORMULA_LABEL (gtk_widget_get_parent (GTK_WIDGET (label))))
    return count_columns (gtk_label_get_text (label));
  metrics = pango_context_get_metrics (pango_layout_get_context (layout), NULL, NULL);
  per_char = pango_font_metrics_get_approximate_char_width (metrics);
  pango_font_metrics_unref (metrics);
  pango_layout_get_size (layout, &width, &height);
  return width / MAX (1, per_char) + 1;
}

/* As wide as its text up to a limit, and never less: a scrolled window asks how high a table is at its narrowest. */
static GtkWidget *
cell_new (const RiposteBlock *cell, gboolean header)
{
  static const float xaligns[] = { 0, 0, 0.5f, 1 };
  GtkWidget *text = text_new (cell->markup, GTK_ACCESSIBLE_ROLE_LABEL);
  GtkLabel *label = get_label (text);
  int n_chars;

  set_text (text, cell->markup);
  n_chars = count_chars (label);
  gtk_label_set_wrap (label, n_chars > MAX_CELL_CHARS); /* fewer may be wider than so many usual ones */
  gtk_label_set_width_chars (label, MIN (n_chars, MAX_CELL_CHARS));
  gtk_label_set_max_width_chars (label, MAX_CELL_CHARS);
  gtk_label_set_xalign (label, xaligns[cell->align]);
  gtk_label_set_yalign (label, 0);
  gtk_widget_add_css_class (text, header ? "table-header" : "table-cell");
  return text;
}

static void
add_row (GtkGrid *grid, const RiposteBlock *row, guint index)
{
  for (guint j = 0; row->children && j < row->children->len; j++)
    gtk_grid_attach (grid, cell_new (row->children->pdata[j], index == 0), (int)j, (int)index, 1, 1);
}

static GtkWidget *
table_new (const RiposteBlock *table)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *grid = gtk_grid_new ();

  for (guint i = 0; i < table->children->len; i++)
    add_row (GTK_GRID (grid), table->children->pdata[i], i);
  gtk_widget_set_direction (grid, block_direction (table));
  gtk_widget_set_direction (scroller, block_direction (table));
  gtk_widget_add_css_class (grid, "markdown-table");
  gtk_widget_set_halign (grid, GTK_ALIGN_START);
  gtk_widget_set_overflow (grid, GTK_OVERFLOW_HIDDEN);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  riposte_pass_wheel (GTK_SCROLLED_WINDOW (scroller));
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), grid);
  g_object_set_data (G_OBJECT (scroller), "grid", grid);
  return scroller;
}

/* Only rows that are new, or have changed. */
static void
sync_table (GtkGrid *grid, const RiposteBlock *old, const RiposteBlock *table)
{
  guint n_old = old->children->len, n = table->children->len;

  for (guint i = 0; i < n; i++)
    {
      if (i < n_old && riposte_block_equal (old->children->pdata[i], table->children->pdata[i]))
        continue;
      if (i < n_old)
        {
          gtk_grid_remove_row (grid, (int)i);
          gtk_grid_insert_row (grid, (int)i);
        }
      add_row (grid, table->children->pdata[i], i);
    }
  while (n_old > n)
    gtk_grid_remove_row (grid, (int)--n_old);
}

/* ---- all ---- */

static GtkWidget *
formula_new (const char *tex)
{
  GtkWidget *scroller = gtk_scrolled_window_new ();
  GtkWidget *view = riposte_math_view_new (tex);

  gtk_widget_set_halign (view, GTK_ALIGN_CENTER);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scroller), TRUE);
  riposte_pass_wheel (GTK_SCROLLED_WINDOW (scroller));
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), view);
  return scroller;
}

static GtkWidget *
quote_new (void)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, RIPOSTE_BLOCK_SPACING);

  gtk_widget_add_css_class (box, "quote");
  return box;
}

static GtkWidget *
create (const RiposteBlock *block)
{
  GtkWidget *widget;

  switch (block->kind)
    {
    case RIPOSTE_BLOCK_HEADING:
      widget = heading_new (block);
      break;
    case RIPOSTE_BLOCK_CODE:
      widget = riposte_code_block_new ();
      break;
    case RIPOSTE_BLOCK_LIST:
      widget = list_new ();
      break;
    case RIPOSTE_BLOCK_QUOTE:
      widget = quote_new ();
      break;
    case RIPOSTE_BLOCK_TABLE:
      return table_new (block);
    case RIPOSTE_BLOCK_GROUP:
      widget = gtk_box_new (GTK_ORIENTATION_VERTICAL, RIPOSTE_BLOCK_SPACING);
      break;
    case RIPOSTE_BLOCK_FORMULA:
      return formula_new (block->code);
    case RIPOSTE_BLOCK_RULE:
      return gtk_separator_new (GTK_ORIENTATION_HORIZONTAL);
    case RIPOSTE_BLOCK_PARAGRAPH:
    default:
      widget = text_new (block->markup, GTK_ACCESSIBLE_ROLE_LABEL);
      break;
    }
  update (widget, block, block);
  return widget;
}

/* Whether @widget, which showed @old, can show @block. */
static gboolean
update (GtkWidget *widget, const RiposteBlock *old, const RiposteBlock *block)
{
  if (old->kind != block->kind || old->level != block->level)
    return FALSE;
  switch (block->kind)
    {
    case RIPOSTE_BLOCK_PARAGRAPH:
    case RIPOSTE_BLOCK_HEADING:
      return set_text (widget, block->markup);
    case RIPOSTE_BLOCK_CODE:
      riposte_code_block_set (RIPOSTE_CODE_BLOCK (widget), block->code, block->info);
      return TRUE;
    case RIPOSTE_BLOCK_LIST:
      sync_list (GTK_GRID (widget), block);
      return TRUE;
    case RIPOSTE_BLOCK_TABLE:
      sync_table (g_object_get_data (G_OBJECT (widget), "grid"), old, block);
      return TRUE;
    case RIPOSTE_BLOCK_QUOTE:
    case RIPOSTE_BLOCK_GROUP:
      gtk_widget_set_direction (widget, block_direction (block));
      riposte_block_widgets_sync (GTK_BOX (widget), block->children);
      return TRUE;
    case RIPOSTE_BLOCK_RULE:
      return TRUE;
    default:
      return FALSE;
    }
}

static void
remember (GtkWidget *widget, RiposteBlock *block)
{
  g_object_set_data_full (G_OBJECT (widget), "block", riposte_block_ref (block), (GDestroyNotify)riposte_block_unref);
}

GtkWidget *
riposte_block_widget_new (RiposteBlock *block)
{
  GtkWidget *widget = create (block);

  remember (widget, block);
  return widget;
}

gboolean
riposte_block_widget_update (GtkWidget *widget, RiposteBlock *block)
{
  const RiposteBlock *old = g_object_get_data (G_OBJECT (widget), "block");

  if (old == block)
    return TRUE;
  if (!old || !(riposte_block_equal (old, block) || update (widget, old, block)))
    return FALSE;
  remember (widget, block);
  return TRUE;
}

void
riposte_block_widgets_sync (GtkBox *box, GPtrArray *blocks)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (box));

  for (guint i = 0; i < blocks->len; i++)
    {
      RiposteBlock *block = blocks->pdata[i];
      GtkWidget *next = child ? gtk_widget_get_next_sibling (child) : NULL;

      if (!child || !riposte_block_widget_update (child, block))
        {
          gtk_box_insert_child_after (box, riposte_block_widget_new (block),
                                      child ? gtk_widget_get_prev_sibling (child)
                                            : gtk_widget_get_last_child (GTK_WIDGET (box)));
          if (child)
            gtk_box_remove (box, child);
        }
      child = next;
    }
  while (child)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (child);

      gtk_box_remove (box, child);
      child = next;
    }
}
