#include "pass-wheel.h"

static gboolean
has_room (GtkAdjustment *adjustment)
{
  return gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_lower (adjustment)
         > gtk_adjustment_get_page_size (adjustment);
}

static gboolean
scrolls (GtkScrolledWindow *scroller, GtkOrientation orientation)
{
  gboolean vertical = orientation == GTK_ORIENTATION_VERTICAL;
  GtkPolicyType policies[2];

  gtk_scrolled_window_get_policy (scroller, &policies[GTK_ORIENTATION_HORIZONTAL], &policies[GTK_ORIENTATION_VERTICAL]);
  return policies[orientation] != GTK_POLICY_NEVER
         && has_room (vertical ? gtk_scrolled_window_get_vadjustment (scroller)
                               : gtk_scrolled_window_get_hadjustment (scroller));
}

/* Before the scrolled window's own controller sees the turn; that one leaves alone what it has no flag for. With Shift,
 * an upright wheel scrolls sideways. */
static gboolean
on_scroll (GtkEventControllerScroll *before, double dx, double dy, GtkEventControllerScroll *own)
{
  GtkScrolledWindow *scroller = GTK_SCROLLED_WINDOW (gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (before)));
  GdkModifierType state = gtk_event_controller_get_current_event_state (GTK_EVENT_CONTROLLER (before));
  gboolean horizontal = scrolls (scroller, GTK_ORIENTATION_HORIZONTAL);
  gboolean vertical = scrolls (scroller, GTK_ORIENTATION_VERTICAL) || (horizontal && (state & GDK_SHIFT_MASK) != 0);
  GtkEventControllerScrollFlags flags
    = gtk_event_controller_scroll_get_flags (own) & ~GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES;

  gtk_event_controller_scroll_set_flags (own, flags | (horizontal ? GTK_EVENT_CONTROLLER_SCROLL_HORIZONTAL : 0)
                                                | (vertical ? GTK_EVENT_CONTROLLER_SCROLL_VERTICAL : 0));
  return GDK_EVENT_PROPAGATE;
}

void
riposte_pass_wheel (GtkScrolledWindow *scroller)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (scroller));
  GtkEventController *before = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_BOTH_AXES);

  gtk_event_controller_set_propagation_phase (before, GTK_PHASE_CAPTURE);
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) own = g_list_model_get_item (controllers, i);

      if (GTK_IS_EVENT_CONTROLLER_SCROLL (own) && gtk_event_controller_get_propagation_phase (own) == GTK_PHASE_BUBBLE)
        g_signal_connect_object (before, "scroll", G_CALLBACK (on_scroll), own, 0);
    }
  gtk_widget_add_controller (GTK_WIDGET (scroller), before);
}
