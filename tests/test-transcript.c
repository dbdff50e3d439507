/* The transcript as widgets: what keeps its widget while an answer grows, where it scrolls, and that the main loop is
 * free between two frames. */
#include "markdown/block-widgets.h"
#include "markdown/code-block.h"
#include "markdown/markdown-view.h"
#include "chat/transcript.h"
#include "stand-in-generator.h"

#include <gtksourceview/gtksource.h>

#include <time.h>

/* ---- helpers ---- */

/* With sanitizers everything takes its time. */
#ifdef __SANITIZE_ADDRESS__
#define SLOWNESS 8
#else
#define SLOWNESS 1
#endif

static GtkWidget *window; /* of the case that runs */

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  return --*(int *)user_data > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* At least so long, and as long as a few frames take on a machine that does much else. */
static void
settle (guint milliseconds)
{
  gint64 now = g_get_monotonic_time ();
  gint64 end = now + milliseconds * SLOWNESS * 1000, at_most = now + 30 * G_USEC_PER_SEC;
  int frames = window ? 4 : 0;

  if (window)
    gtk_widget_add_tick_callback (window, on_tick, &frames, NULL);
  while (g_get_monotonic_time () < end || (frames > 0 && g_get_monotonic_time () < at_most))
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
}

/* For what comes within some frames, however long these take. */
#define WAIT_FOR(condition)                                                                                            \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 wait_until = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;                                                 \
                                                                                                                       \
    while (!(condition) && g_get_monotonic_time () < wait_until)                                                       \
      settle (10);                                                                                                     \
    g_assert_true (condition);                                                                                         \
  }                                                                                                                    \
  G_STMT_END

static GtkWidget *
find_type (GtkWidget *root, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (root, type))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child; child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_type (child, type);
      if (found)
        return found;
    }
  return NULL;
}

typedef struct
{
  TestGenerator *generator;
  RiposteConversation *chat;
  GtkWidget *window, *transcript;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->generator = g_object_new (TEST_TYPE_GENERATOR, NULL);
  fixture->chat = riposte_conversation_new (NULL);
  fixture->transcript = g_object_new (RIPOSTE_TYPE_TRANSCRIPT, NULL);
  fixture->window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (fixture->window), 600, 500);
  gtk_window_set_child (GTK_WINDOW (fixture->window), fixture->transcript);
  riposte_transcript_set_conversation (RIPOSTE_TRANSCRIPT (fixture->transcript), fixture->chat);
  gtk_window_present (GTK_WINDOW (fixture->window));
  window = fixture->window;
  settle (100);
}

/* Everything goes with the window. */
static void
tear_down (Fixture *fixture, gconstpointer data)
{
  GtkWidget *transcript = fixture->transcript;
  RiposteConversation *chat = fixture->chat;

  g_object_add_weak_pointer (G_OBJECT (transcript), (gpointer *)&fixture->transcript);
  g_object_add_weak_pointer (G_OBJECT (chat), (gpointer *)&fixture->chat);
  window = NULL;
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  g_object_unref (chat);
  g_object_unref (fixture->generator);
  settle (50);
  g_assert_null (fixture->transcript);
  g_assert_null (fixture->chat);
}

static void
ask (Fixture *fixture, const char *question)
{
  riposte_conversation_ask (fixture->chat, question, RIPOSTE_GENERATOR (fixture->generator), &RP_SAMPLER_GREEDY);
}

static void
say (Fixture *fixture, const char *text)
{
  riposte_generation_post_text (fixture->generator->asked, text, strlen (text));
}

static void
end (Fixture *fixture)
{
  const RiposteGenerationInfo info = { .stop = RP_STOP_END };

  riposte_generation_post_end (fixture->generator->asked, &info, NULL);
  WAIT_FOR (!riposte_conversation_get_busy (fixture->chat));
  settle (50);
}

static GtkAdjustment *
get_adjustment (Fixture *fixture)
{
  GtkWidget *scroller = find_type (fixture->transcript, GTK_TYPE_SCROLLED_WINDOW);

  return gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (scroller));
}

/* Waits until they are laid out, each at least 10 pixels high, however long that takes; the caller looks at where the
 * transcript has gone. */
static void
say_lines (Fixture *fixture, int n)
{
  GtkAdjustment *adjustment = get_adjustment (fixture);
  double wanted = gtk_adjustment_get_upper (adjustment) + n * 10;
  gint64 end = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  for (int i = 0; i < n; i++)
    say (fixture, "A line that is a paragraph.\n\n");
  while (gtk_adjustment_get_upper (adjustment) < wanted && g_get_monotonic_time () < end)
    settle (10);
  settle (300);
}

static guint
count_children (GtkWidget *widget)
{
  guint n = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child; child = gtk_widget_get_next_sibling (child))
    n++;
  return n;
}

/* Until an answer shows so many blocks, however long that takes. Returns: the view that has them as children */
static GtkWidget *
wait_for_blocks (Fixture *fixture, guint n)
{
  GtkWidget *view;

  WAIT_FOR ((view = find_type (fixture->transcript, RIPOSTE_TYPE_MARKDOWN_VIEW)) && count_children (view) >= n);
  return view;
}

/* Until frame after frame makes no more of its blocks. */
static void
wait_for_rest (GtkWidget *view)
{
  GtkWidget *first = NULL, *last = NULL;

  for (int same = 0; same < 8; same++)
    {
      if (first != gtk_widget_get_first_child (view) || last != gtk_widget_get_last_child (view))
        same = 0;
      first = gtk_widget_get_first_child (view);
      last = gtk_widget_get_last_child (view);
      settle (10);
    }
}

static double
get_distance_from_end (Fixture *fixture)
{
  GtkAdjustment *adjustment = get_adjustment (fixture);

  return gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment)
         - gtk_adjustment_get_value (adjustment);
}

/* The first whose top is seen, and in @y where that is. */
static GtkWidget *
find_seen_block (Fixture *fixture, double *y)
{
  GtkWidget *view = find_type (fixture->transcript, RIPOSTE_TYPE_MARKDOWN_VIEW);

  for (GtkWidget *child = gtk_widget_get_first_child (view); child; child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_translate_coordinates (child, fixture->transcript, 0, 0, NULL, y) && *y >= 0)
      return child;
  g_assert_not_reached ();
}

/* ---- cases ---- */

static void
test_follow (Fixture *fixture, gconstpointer data)
{
  GtkAdjustment *adjustment = get_adjustment (fixture);
  GtkWidget *seen;
  double y, after;

  ask (fixture, "One?");
  say_lines (fixture, 60);
  g_assert_cmpfloat (gtk_adjustment_get_upper (adjustment), >, 2 * gtk_adjustment_get_page_size (adjustment));
  g_assert_cmpfloat (get_distance_from_end (fixture), <, 1);
  /* who reads further up is left alone */
  gtk_adjustment_set_value (adjustment, 200);
  settle (100);
  seen = find_seen_block (fixture, &y);
  say_lines (fixture, 30);
  g_assert_true (find_seen_block (fixture, &after) == seen);
  g_assert_cmpfloat (after, ==, y);
  /* and followed again when they go back to the end */
  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment));
  say_lines (fixture, 30);
  g_assert_cmpfloat (get_distance_from_end (fixture), <, 1);
  end (fixture);
}

static void
test_widgets_are_kept (Fixture *fixture, gconstpointer data)
{
  GtkWidget *view, *first, *code;
  GtkTextBuffer *buffer;
  GtkTextIter start, stop;
  g_autofree char *text = NULL;

  ask (fixture, "One?");
  say (fixture, "First.\n\n```python\ndef f():\n");
  view = wait_for_blocks (fixture, 2);
  first = gtk_widget_get_first_child (view);
  code = gtk_widget_get_next_sibling (first);
  g_assert_true (RIPOSTE_IS_CODE_BLOCK (code));
  say (fixture, "    return 1\n``");
  settle (50);
  say (fixture, "`\n\nAfter *all*.\n");
  g_assert_true (wait_for_blocks (fixture, 3) == view);
  g_assert_true (gtk_widget_get_first_child (view) == first);
  g_assert_true (gtk_widget_get_next_sibling (first) == code);
  g_assert_true (GTK_IS_LABEL (gtk_widget_get_next_sibling (code)));
  end (fixture);
  g_assert_true (gtk_widget_get_first_child (view) == first);
  g_assert_true (gtk_widget_get_next_sibling (first) == code);
  buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (find_type (code, GTK_TYPE_TEXT_VIEW)));
  gtk_text_buffer_get_bounds (buffer, &start, &stop);
  text = gtk_text_buffer_get_text (buffer, &start, &stop, TRUE);
  g_assert_cmpstr (text, ==, "def f():\n    return 1");
}

static void
count_change (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  ++*(guint *)user_data;
}

static void
count_buffer_change (GtkTextBuffer *buffer, gpointer user_data)
{
  ++*(guint *)user_data;
}

/* While tokens come, what is closed is not set anew: only the open block is laid out again. */
static void
test_only_the_open_block (Fixture *fixture, gconstpointer data)
{
  GtkWidget *view, *closed_text, *closed_code, *open_code;
  guint n_text = 0, n_code = 0, n_open = 0;

  ask (fixture, "One?");
  say (fixture, "First *text*.\n\n```c\nint x;\n```\n\n```c\n");
  view = wait_for_blocks (fixture, 3);
  closed_text = gtk_widget_get_first_child (view);
  closed_code = gtk_widget_get_next_sibling (closed_text);
  open_code = gtk_widget_get_next_sibling (closed_code);
  g_assert_true (RIPOSTE_IS_CODE_BLOCK (open_code));
  g_signal_connect (closed_text, "notify::label", G_CALLBACK (count_change), &n_text);
  g_signal_connect (gtk_text_view_get_buffer (GTK_TEXT_VIEW (find_type (closed_code, GTK_TYPE_TEXT_VIEW))), "changed",
                    G_CALLBACK (count_buffer_change), &n_code);
  g_signal_connect (gtk_text_view_get_buffer (GTK_TEXT_VIEW (find_type (open_code, GTK_TYPE_TEXT_VIEW))), "changed",
                    G_CALLBACK (count_buffer_change), &n_open);
  for (int i = 0; i < 100; i++)
    {
      say (fixture, i % 7 ? "int y; " : "\n");
      settle (1); /* some frames, in each of which what came is shown at once */
    }
  g_assert_cmpuint (n_text, ==, 0);
  g_assert_cmpuint (n_code, ==, 0);
  g_assert_cmpuint (n_open, >, 50);
  g_assert_cmpuint (n_open, <=, 200);
  end (fixture);
  g_assert_cmpuint (n_text, ==, 0);
  g_assert_cmpuint (n_code, ==, 0);
  g_assert_true (gtk_widget_get_first_child (view) == closed_text);
}

/* Of the text that unfolds; "" while there is none. */
static const char *
get_thought (GtkExpander *fold)
{
  GtkWidget *view = gtk_expander_get_child (fold), *label = view ? gtk_widget_get_first_child (view) : NULL;

  return label ? gtk_label_get_text (GTK_LABEL (label)) : "";
}

/* Thought is open while it comes and folded away after. */
static void
test_thought (Fixture *fixture, gconstpointer data)
{
  GtkExpander *fold;

  ask (fixture, "One?");
  say (fixture, "<think>\nHm, *well");
  WAIT_FOR ((fold = (GtkExpander *)find_type (fixture->transcript, GTK_TYPE_EXPANDER)));
  WAIT_FOR (g_str_equal (get_thought (fold), "Hm, *well"));
  g_assert_true (gtk_widget_get_mapped (GTK_WIDGET (fold)));
  g_assert_true (gtk_expander_get_expanded (fold));
  say (fixture, "*.\n</think>\n\nYes.");
  WAIT_FOR (!gtk_expander_get_expanded (fold));
  end (fixture);
  WAIT_FOR (g_str_has_prefix (gtk_expander_get_label (fold), "Thought"));
  gtk_expander_set_expanded (fold, TRUE);
  WAIT_FOR (g_str_equal (get_thought (fold), "Hm, well."));
  /* the mark may come alone, once much was shown */
  ask (fixture, "Two?");
  say (fixture, "Hm.\n</thi");
  settle (50);
  say (fixture, "nk>\n\nNo.");
  end (fixture);
}

static void
on_clipboard_text (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(char **)user_data = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);
}

/* Within a line a formula takes the room of what is drawn, and is its source to who copies or hears it. */
static void
test_formulas (Fixture *fixture, gconstpointer data)
{
  GtkLabel *label, *wide;
  GtkWidget *view, *plain;
  g_autofree char *copied = NULL;
  int width, source_width, min_width;

  ask (fixture, "One?");
  say (fixture, "So $\\frac{a}{b}$ it is.\n\n$a_1+a_2+a_3+a_4+a_5+a_6+a_7+a_8+a_9$\n\nSo $ it is.\n");
  view = wait_for_blocks (fixture, 3);
  end (fixture);
  label = GTK_LABEL (find_type (gtk_widget_get_first_child (view), GTK_TYPE_LABEL));
  plain = gtk_widget_get_last_child (view);
  g_assert_true (GTK_IS_LABEL (plain));
  g_assert_cmpstr (gtk_label_get_text (label), ==, "So $\\frac{a}{b}$ it is.");
  WAIT_FOR (gtk_widget_get_height (GTK_WIDGET (label)) > gtk_widget_get_height (plain));
  pango_layout_get_pixel_size (gtk_label_get_layout (label), &width, NULL);
  pango_layout_get_pixel_size (gtk_label_get_layout (GTK_LABEL (plain)), &source_width, NULL);
  g_assert_cmpint (width, <, 2 * source_width);
  /* a long one may be broken */
  wide = GTK_LABEL (find_type (gtk_widget_get_next_sibling (gtk_widget_get_first_child (view)), GTK_TYPE_LABEL));
  pango_layout_get_pixel_size (gtk_label_get_layout (wide), &width, NULL);
  gtk_widget_measure (GTK_WIDGET (wide), GTK_ORIENTATION_HORIZONTAL, -1, &min_width, NULL, NULL, NULL);
  g_assert_cmpint (min_width, <, width / 3);
  /* half of it is all of it */
  gtk_label_select_region (label, 1, 7);
  g_signal_emit_by_name (label, "copy-clipboard");
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (view), NULL, on_clipboard_text, &copied);
  WAIT_FOR (copied);
  g_assert_cmpstr (copied, ==, "o $\\frac{a}{b}$");
}

/* What is written from the right begins at the right. */
static void
test_directions (Fixture *fixture, gconstpointer data)
{
  GtkWidget *view, *child;

  ask (fixture, "One?");
  say (fixture, "\327\251\327\234 **b**\n\n1 word \327\251\n\n- `\330\271`\n\n12\n");
  view = wait_for_blocks (fixture, 4);
  end (fixture);
  child = gtk_widget_get_first_child (view);
  g_assert_cmpint (gtk_widget_get_direction (child), ==, GTK_TEXT_DIR_RTL);
  child = gtk_widget_get_next_sibling (child);
  g_assert_cmpint (gtk_widget_get_direction (child), ==, GTK_TEXT_DIR_LTR);
  child = gtk_widget_get_next_sibling (child);
  g_assert_true (GTK_IS_GRID (child));
  g_assert_cmpint (gtk_widget_get_direction (child), ==, GTK_TEXT_DIR_RTL);
  child = gtk_widget_get_next_sibling (child);
  g_assert_cmpint (gtk_widget_get_direction (child), ==, gtk_widget_get_default_direction ());
}

/* What a model might say to do harm; GTK's warnings are fatal here. */
static void
test_hostile (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = {
    "<span foreground='red'>&amp;&lt;&bogus; </i> <a href='x'>",
    "[a](http://x.example/\"'<>&) **<b>** `</tt>` ~~<s>~~",
    "[![img](http://x.example/i.png)](http://y.example) ![](file:///etc/passwd)",
    "> > > > > > > > > > > > > > > > > > > > deep\n\n- - - - - - - - - - - - - - - - - x",
    "| a |\n|---|\n| <b> & |\n| x | y | z |\n\n|||\n|-|-|\n",
    "\033[2J\a\001 \342\200\256reversed\342\200\254 \342\200\250",
    "```<script>\n\033[2J</script>\n```\n",
    "****************************************_____________________`````",
    "&#0; &#x202e; &#xD800; \\\\ \\< \\&",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      ask (fixture, texts[i]);
      for (const char *p = texts[i]; *p; p = g_utf8_next_char (p))
        {
          g_autofree char *piece = g_strndup (p, g_utf8_next_char (p) - p);
          say (fixture, piece);
          g_main_context_iteration (NULL, FALSE);
        }
      end (fixture);
    }
}

/* ---- is the main loop ever held? ---- */

#define FRAME_US 16667

static gint64 awake_since;
static GArray *holds; /* gint64: microseconds of processor time between two polls */

/* Time of this thread, not of the day: what else the machine does is not the main loop's fault. */
static gint64
get_thread_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static int
poll_and_measure (GPollFD *fds, guint n_fds, int timeout)
{
  gint64 hold = get_thread_time () - awake_since;
  int result;

  g_array_append_val (holds, hold);
  result = g_poll (fds, n_fds, timeout);
  awake_since = get_thread_time ();
  return result;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

  return x < y ? -1 : x > y;
}

static char *
repeat (const char *begin, const char *piece, int n, const char *end)
{
  GString *out = g_string_new (begin);

  while (n-- > 0)
    g_string_append (out, piece);
  g_string_append (out, end);
  return g_string_free (out, FALSE);
}

/* What is many frames long is no accident of the machine. */
static void
tell_worst (const char *name)
{
  gint64 worst;

  g_array_sort (holds, compare_times);
  worst = g_array_index (holds, gint64, holds->len - 1);
  g_test_message ("%s: at most %.0f ms at once", name, worst / 1e3);
  g_clear_pointer (&holds, g_array_unref);
  if (SLOWNESS == 1)
    g_assert_cmpint (worst, <, 15 * FRAME_US);
}

/* Answers that are out of all proportion are shown all the same, and the longest turn of the main loop is told. */
static void
test_giants (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *name, *begin, *piece;
    int n;
    const char *end;
  } giants[] = {
    { "a line of 1 MiB", "", "x", 1 << 20, "" },
    { "a line of code of 1 MiB", "```\n", "x", 1 << 20, "\n```" },
    { "50,000 lines of code", "```c\n", "int x = 1; /* one */\n", 50000, "```" },
    { "10,000 rows", "|a|b|\n|-|-|\n", "| one | `two` |\n", 10000, "" },
    { "10,000 items", "", "- one\n", 10000, "" },
    { "1,000 quotes deep", "", "> ", 1000, "x" },
    { "1,000 lists deep", "", "- ", 1000, "x" },
    { "10,000 lines of HTML", "<div>\n", "<p onclick='x()'>&nbsp;</p>\n", 10000, "</div>" },
    { "a link of 1 MiB", "[x](https://", "a", 1 << 20, ")" },
    { "10,000 formulas", "", "$x^2$ ", 10000, "" },
    { "a long formula", "$$", "x^2+\\frac{a}{b}", 450, "$$" },
    { "formulas of many kinds", "", "$\\sqrt{\\frac{a}{b}}$ and $\\hat x_i=\\sum_j^n j$, ", 3000, "" },
    { "10,000 backticks", "", "` `` ", 10000, "" },
    { "a cell of 1 MiB", "|a|\n|-|\n|", "y", 1 << 20, "|" },
    { "10,000 references", "[x]: http://example.org\n\n", "[x] and more of it\n\n", 10000, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (giants); i++)
    {
      g_autofree char *text
        = repeat (giants[i].begin, giants[i].piece, giants[i].n / (SLOWNESS * SLOWNESS), giants[i].end);
      GPollFunc before = g_main_context_get_poll_func (NULL);

      holds = g_array_new (FALSE, FALSE, sizeof (gint64));
      ask (fixture, "One?");
      awake_since = get_thread_time ();
      g_main_context_set_poll_func (NULL, poll_and_measure);
      say (fixture, text);
      end (fixture);
      settle (300);
      g_main_context_set_poll_func (NULL, before);
      tell_worst (giants[i].name);
    }
}

/* Then little is parsed at once. */
static gboolean
is_idle (void)
{
  GtkWidget *view = g_object_ref_sink (riposte_markdown_view_new ());
  gboolean idle;

  riposte_markdown_view_append (RIPOSTE_MARKDOWN_VIEW (view), "x");
  idle = !riposte_markdown_view_is_parsing (RIPOSTE_MARKDOWN_VIEW (view));
  g_object_unref (view);
  return idle;
}

/* What shows it may be gone before it is parsed. */
static void
test_gone (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = repeat ("", "word ", 12000, "");

  for (int i = 0; i < 4; i++)
    {
      GtkWidget *view = g_object_ref_sink (riposte_markdown_view_new ());

      riposte_markdown_view_append (RIPOSTE_MARKDOWN_VIEW (view), text);
      g_assert_true (riposte_markdown_view_is_parsing (RIPOSTE_MARKDOWN_VIEW (view)));
      for (int k = i; k > 0; k--)
        g_main_context_iteration (NULL, FALSE);
      g_object_unref (view);
    }
  WAIT_FOR (is_idle ());
}

/* So is a question, which is no Markdown. */
static void
test_giant_question (Fixture *fixture, gconstpointer data)
{
  static const char *const pieces[] = { "x", "word ", "a line\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autofree char *text = repeat ("", pieces[i], (1 << 20) / (int)strlen (pieces[i]) / (SLOWNESS * SLOWNESS), "");
      GPollFunc before = g_main_context_get_poll_func (NULL);
      GtkWidget *view;

      holds = g_array_new (FALSE, FALSE, sizeof (gint64));
      awake_since = get_thread_time ();
      g_main_context_set_poll_func (NULL, poll_and_measure);
      ask (fixture, text);
      say (fixture, "Yes.");
      end (fixture);
      settle (300);
      g_main_context_set_poll_func (NULL, before);
      tell_worst (pieces[i]);
      WAIT_FOR ((view = find_type (fixture->transcript, GTK_TYPE_TEXT_VIEW)) && gtk_widget_get_height (view) > 0);
      WAIT_FOR (gtk_text_buffer_get_char_count (gtk_text_view_get_buffer (GTK_TEXT_VIEW (view))) >= (int)strlen (text));
    }
}

/* Of an answer, too, only what is near to what is seen has widgets, and words further away are found. */
static void
test_long_answer (Fixture *fixture, gconstpointer data)
{
  GtkAdjustment *adjustment = get_adjustment (fixture);
  g_autoptr (GString) text = g_string_new (NULL);
  GtkWidget *view, *seen;
  double y, again;

  for (int i = 0; i < 2000; i++)
    g_string_append_printf (text, "Paragraph %d, of some length.\n\n```c\nint x%d;\n```\n\n", i, i);
  ask (fixture, "One?");
  say (fixture, text->str);
  end (fixture);
  view = wait_for_blocks (fixture, 5);
  wait_for_rest (view);
  g_assert_cmpfloat (get_distance_from_end (fixture), <, 1);
  g_assert_cmpuint (count_children (view), <, 200);
  /* what is made above does not push away what is read */
  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment) / 2);
  wait_for_rest (view);
  seen = find_seen_block (fixture, &y);
  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_value (adjustment) - 300);
  wait_for_rest (view);
  gtk_adjustment_set_value (adjustment, gtk_adjustment_get_value (adjustment) + 300);
  wait_for_rest (view);
  g_assert_true (find_seen_block (fixture, &again) == seen);
  g_assert_cmpfloat (y, ==, again);
  g_assert_cmpuint (count_children (view), <, 200);
  riposte_transcript_show_message (RIPOSTE_TRANSCRIPT (fixture->transcript),
                                   riposte_conversation_get_last (fixture->chat), "paragraph 1234");
  WAIT_FOR (GTK_IS_LABEL (seen = gtk_root_get_focus (GTK_ROOT (fixture->window))));
  wait_for_rest (view);
  g_assert_cmpstr (gtk_label_get_text (GTK_LABEL (seen)), ==, "Paragraph 1234, of some length.");
  g_assert_true (gtk_widget_translate_coordinates (seen, fixture->transcript, 0, 0, NULL, &y));
  g_assert_cmpfloat (y, >=, 0);
  g_assert_cmpfloat (y, <, gtk_widget_get_height (fixture->transcript));
}

/* Long conversations begin with their end. */
static void
test_long (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RiposteConversation) other = riposte_conversation_new (NULL);
  GtkWidget *messages;
  guint n = 0;

  for (int i = 0; i < 150; i++)
    {
      ask (fixture, "Again?");
      say (fixture, "Yes.");
      riposte_generation_post_end (fixture->generator->asked, &(RiposteGenerationInfo){ .stop = RP_STOP_END }, NULL);
      while (riposte_conversation_get_busy (fixture->chat))
        g_main_context_iteration (NULL, FALSE);
    }
  riposte_transcript_set_conversation (RIPOSTE_TRANSCRIPT (fixture->transcript), other);
  riposte_transcript_set_conversation (RIPOSTE_TRANSCRIPT (fixture->transcript), fixture->chat);
  settle (200);
  messages = gtk_widget_get_parent (find_type (fixture->transcript, g_type_from_name ("RiposteMessageView")));
  for (GtkWidget *child = gtk_widget_get_first_child (messages); child; child = gtk_widget_get_next_sibling (child))
    n++;
  g_assert_cmpuint (n, <, 100);
  g_assert_cmpfloat (get_distance_from_end (fixture), <, 1);
}

static gpointer
stream (gpointer data)
{
  static const char *const tokens[]
    = { "Some ",     "words ",   "of ",        "**an** ", "answer, ",    "`code` ",     "and ",
        "more.\n\n", "```c\n",   "int ",       "x ",      "= 1;\n",      "return ",     "x;\n",
        "```\n\n",   "- item\n", "- another ", "one\n\n", "| a | b |\n", "|---|---|\n", "| 1 | 2 |\n\n" };

  for (int i = 0; i < 1500; i++)
    {
      const char *token = tokens[i % G_N_ELEMENTS (tokens)];
      const RiposteGenerationInfo info = { .phase = RIPOSTE_PHASE_WRITING, .n_written = i, .tokens_per_second = 500 };

      riposte_generation_post_text (data, token, strlen (token));
      riposte_generation_post_info (data, &info);
      g_usleep (2000);
    }
  riposte_generation_post_end (data, &(RiposteGenerationInfo){ .stop = RP_STOP_END }, NULL);
  return NULL;
}

static void
test_main_loop (Fixture *fixture, gconstpointer data)
{
  GPollFunc before = g_main_context_get_poll_func (NULL);
  GThread *thread;
  gint64 p99, worst;

  if (g_getenv ("ASAN_OPTIONS"))
    {
      g_test_skip ("the sanitizers take more time than a frame has");
      return;
    }
  holds = g_array_new (FALSE, FALSE, sizeof (gint64));
  ask (fixture, "One?");
  settle (200);
  awake_since = get_thread_time ();
  g_main_context_set_poll_func (NULL, poll_and_measure);
  thread = g_thread_new ("stream", stream, fixture->generator->asked);
  while (riposte_conversation_get_busy (fixture->chat))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  g_main_context_set_poll_func (NULL, before);
  g_array_sort (holds, compare_times);
  p99 = g_array_index (holds, gint64, holds->len * 99 / 100);
  worst = g_array_index (holds, gint64, holds->len - 1);
  g_test_message ("%u turns of the main loop: 99%% within %.1f ms, worst %.1f ms", holds->len, p99 / 1e3, worst / 1e3);
  g_array_unref (holds);
  g_assert_cmpint (p99, <, FRAME_US);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  gtk_source_init ();
#define ADD(name, function) g_test_add ("/transcript/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("follow", test_follow);
  ADD ("widgets-are-kept", test_widgets_are_kept);
  ADD ("only-the-open-block", test_only_the_open_block);
  ADD ("thought", test_thought);
  ADD ("formulas", test_formulas);
  ADD ("directions", test_directions);
  ADD ("hostile", test_hostile);
  ADD ("long", test_long);
  ADD ("long-answer", test_long_answer);
  ADD ("giants", test_giants);
  ADD ("gone", test_gone);
  ADD ("giant-question", test_giant_question);
  ADD ("main-loop", test_main_loop);
#undef ADD
  return g_test_run ();
}
