/* A conversation of 5,000 messages and 100,000 lines: how long it takes to open, and how long the frames take while it
 * scrolls and while an answer streams into it. Run on a display of its own:
 *
 *   tests/scripts/with-display.sh build/tests/bench-transcript
 *
 * A frame's time is what the frame clock's phases take, from the first handler to the end of drawing, on this thread's
 * processor and by the wall; on a machine that does other work, only the former says much. A frame is late when the
 * clock's next begins more than half a frame after its time. */
#include "chat/message-list.h"

#include <adwaita.h>
#include <gtksourceview/gtksource.h>
#include <time.h>

#define N_MESSAGES 5000
#define N_LINES    100000
#define FRAME_US   16700

static const char *const parts[] = {
  "The function reads the whole file into memory, which is *fine* for small ones but not for a log of several "
  "gigabytes; `mmap()` or a loop over lines is better there.\n\n",
  "## What it does\n\n1. open the file\n2. read a line\n3. **count** its words\n\n",
  "```python\ndef count(path):\n    words = {}\n    with open(path) as file:\n        for line in file:\n"
  "            for word in line.split():\n                words[word] = words.get(word, 0) + 1\n    return "
  "words\n```\n\n",
  "- one more thing\n- and another, which is longer than a line of the window, so that it has to wrap somewhere in "
  "between\n\n",
  "| option | meaning |\n|---|---|\n| `-n` | numbers |\n| `-r` | the other way round |\n\n",
  "> Premature optimisation is the root of all evil.\n\n",
  "```c\nint\nmain (int argc, char **argv)\n{\n  for (int i = 1; i < argc; i++)\n    puts (argv[i]);\n"
  "  return 0;\n}\n```\n\n",
  "So the answer is: it depends on how long the lines are.\n\n",
};

static guint
count_lines (const char *text)
{
  guint n = 0;

  for (; *text; text++)
    n += *text == '\n';
  return n;
}

/* Questions of a line, answers of what is left; the same every time. */
static GListStore *
make_messages (void)
{
  GListStore *store = g_list_store_new (RIPOSTE_TYPE_MESSAGE);
  GRand *random = g_rand_new_with_seed (1);
  guint n_lines = 0;

  for (guint i = 0; i < N_MESSAGES; i++)
    {
      gboolean user = i % 2 == 0;
      g_autoptr (GString) text = g_string_new (user ? "How do I count the words of a file, and why?" : NULL);
      g_autoptr (RiposteMessage) message = NULL;
      guint wanted = (guint)((guint64)N_LINES * (i + 1) / N_MESSAGES), lines = 1;

      while (!user && n_lines + lines < wanted)
        {
          const char *part = parts[g_rand_int_range (random, 0, G_N_ELEMENTS (parts))];

          g_string_append (text, part);
          lines += count_lines (part);
        }
      n_lines += lines;
      message = riposte_message_new (user ? RIPOSTE_ROLE_USER : RIPOSTE_ROLE_ASSISTANT, NULL, text->str);
      if (!user)
        riposte_message_end (message, &(RiposteGenerationInfo){ .stop = RP_STOP_END, .n_written = 200 }, NULL);
      g_list_store_append (store, message);
    }
  g_print ("%u messages, %u lines\n", N_MESSAGES, n_lines);
  g_rand_free (random);
  return store;
}

/* ---- frames ---- */

typedef struct
{
  gint64 wall, cpu; /* microseconds */
  gboolean late;
} Frame;

static GArray *frames;
static gint64 wall_at, cpu_at, frame_time;

static gint64
get_cpu_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
on_before (GdkFrameClock *clock, gpointer data)
{
  wall_at = g_get_monotonic_time ();
  cpu_at = get_cpu_time ();
}

static void
on_after (GdkFrameClock *clock, gpointer data)
{
  gint64 time = gdk_frame_clock_get_frame_time (clock);
  Frame frame = { g_get_monotonic_time () - wall_at, get_cpu_time () - cpu_at,
                  frame_time && time - frame_time > FRAME_US * 3 / 2 };

  frame_time = time;
  if (frames)
    g_array_append_val (frames, frame);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

  return x < y ? -1 : x > y;
}

static void
report (const char *name)
{
  g_autofree gint64 *wall = g_new (gint64, frames->len), *cpu = g_new (gint64, frames->len);
  guint n = frames->len, within_wall = 0, within_cpu = 0, late = 0;

  for (guint i = 0; i < n; i++)
    {
      const Frame *frame = &g_array_index (frames, Frame, i);

      wall[i] = frame->wall;
      cpu[i] = frame->cpu;
      within_wall += wall[i] <= FRAME_US;
      within_cpu += cpu[i] <= FRAME_US;
      late += frame->late;
    }
  qsort (wall, n, sizeof *wall, compare);
  qsort (cpu, n, sizeof *cpu, compare);
  g_print ("%-34s %5u frames  cpu: %6.2f%% within 16.7 ms, median %5.1f, 99%% %5.1f, worst %5.1f  wall: %6.2f%%, 99%% "
           "%5.1f  late: %5.2f%%\n",
           name, n, within_cpu * 100.0 / n, cpu[n / 2] / 1e3, cpu[n * 99 / 100] / 1e3, cpu[n - 1] / 1e3,
           within_wall * 100.0 / n, wall[n * 99 / 100] / 1e3, late * 100.0 / n);
}

static void
settle (guint milliseconds)
{
  gint64 end = g_get_monotonic_time () + milliseconds * 1000;

  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (500);
}

/* ---- scrolling, a step a frame ---- */

typedef struct
{
  GtkAdjustment *adjustment;
  double step; /* pixels; 0: anywhere */
  guint n_left;
  GRand *random;
} Scroll;

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer user_data)
{
  Scroll *scroll = user_data;
  double upper = gtk_adjustment_get_upper (scroll->adjustment) - gtk_adjustment_get_page_size (scroll->adjustment);
  double value = gtk_adjustment_get_value (scroll->adjustment) + scroll->step;

  if (scroll->step == 0)
    value = g_rand_double_range (scroll->random, 0, upper);
  else if (value < 0 || value > upper)
    scroll->step = -scroll->step;
  gtk_adjustment_set_value (scroll->adjustment, value);
  return --scroll->n_left ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
scroll_and_report (GtkWidget *list, const char *name, double step, guint n)
{
  Scroll scroll = { gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (list)), step, n, g_rand_new_with_seed (2) };

  frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  frame_time = 0;
  gtk_widget_add_tick_callback (list, on_tick, &scroll, NULL);
  while (scroll.n_left)
    g_main_context_iteration (NULL, TRUE);
  report (name);
  g_clear_pointer (&frames, g_array_unref);
  g_rand_free (scroll.random);
  settle (400);
}

/* ---- an answer at 500 tokens a second ---- */

static gboolean
on_token (gpointer user_data)
{
  static gint64 began;
  static guint n, part, at;
  RiposteMessage *message = user_data;
  g_autoptr (GString) text = g_string_new (NULL);

  if (!began)
    began = g_get_monotonic_time ();
  /* what came since the last time, as a generation's idle source brings it: 4 characters a token */
  for (; n < (guint64)(g_get_monotonic_time () - began) / 2000; n++)
    for (guint i = 0; i < 4; i++)
      {
        g_string_append_c (text, parts[part][at]);
        if (!parts[part][++at])
          {
            part = (part + 1) % G_N_ELEMENTS (parts);
            at = 0;
          }
      }
  if (text->len)
    {
      riposte_message_append (message, text->str);
      riposte_message_set_info (message, &(RiposteGenerationInfo){ .phase = RIPOSTE_PHASE_WRITING, .n_written = n });
    }
  return G_SOURCE_CONTINUE;
}

static void
wait_frames (guint n)
{
  while (frames->len < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
stream_and_report (GListStore *store, GtkWidget *list)
{
  g_autoptr (RiposteMessage) message = riposte_message_new (RIPOSTE_ROLE_ASSISTANT, NULL, NULL);
  guint source;

  g_list_store_append (store, message);
  settle (300);
  source = g_timeout_add_full (G_PRIORITY_HIGH_IDLE + 25, 2, on_token, message, NULL);
  frames = g_array_new (FALSE, FALSE, sizeof (Frame));
  frame_time = 0;
  wait_frames (600);
  report ("streaming 500 tok/s, at the end");
  g_clear_pointer (&frames, g_array_unref);
  scroll_and_report (list, "streaming, scrolled 60 px a frame", -60, 600);
  g_source_remove (source);
  riposte_message_end (message, &(RiposteGenerationInfo){ .stop = RP_STOP_END }, NULL);
}

static gboolean
covers (GtkWidget *list)
{
  int height = 0;

  for (GtkWidget *child = gtk_widget_get_first_child (list); child; child = gtk_widget_get_next_sibling (child))
    height += gtk_widget_get_height (child);
  return height >= gtk_widget_get_height (list) && height > 1;
}

int
main (int argc, char **argv)
{
  g_autoptr (GListStore) store = NULL;
  GtkWidget *window, *scroller, *list;
  GdkFrameClock *clock;
  gint64 start, cpu;

  adw_init ();
  gtk_source_init ();
  store = make_messages ();
  window = gtk_window_new ();
  scroller = gtk_scrolled_window_new ();
  list = g_object_new (RIPOSTE_TYPE_MESSAGE_LIST, NULL);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), list);
  gtk_window_set_child (GTK_WINDOW (window), scroller);
  gtk_window_set_default_size (GTK_WINDOW (window), 900, 900);
  gtk_window_present (GTK_WINDOW (window));
  settle (300);
  clock = gtk_widget_get_frame_clock (window);
  g_signal_connect (clock, "before-paint", G_CALLBACK (on_before), NULL);
  g_signal_connect (clock, "after-paint", G_CALLBACK (on_after), NULL);

  start = g_get_monotonic_time ();
  cpu = get_cpu_time ();
  riposte_message_list_set_model (RIPOSTE_MESSAGE_LIST (list), G_LIST_MODEL (store));
  while (!covers (list))
    g_main_context_iteration (NULL, TRUE);
  g_print ("opened in %.0f ms (%.0f ms of the processor)\n", (g_get_monotonic_time () - start) / 1e3,
           (get_cpu_time () - cpu) / 1e3);
  settle (1000);
  scroll_and_report (list, "scrolling 60 px a frame", -60, 600);
  scroll_and_report (list, "scrolling 400 px a frame", -400, 600);
  scroll_and_report (list, "jumping anywhere each frame", 0, 300);
  stream_and_report (store, list);
  gtk_window_destroy (GTK_WINDOW (window));
  settle (50);
  return 0;
}
