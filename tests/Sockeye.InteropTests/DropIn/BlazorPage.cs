using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.Web;

namespace Sockeye.Tests;

/// <summary>A page with an interactive component, and a script that clicks it like a user.</summary>
public sealed class BlazorPage : ComponentBase
{
    private const string Script = """
        <script>
          const textOf = (id) => document.getElementById(id)?.textContent;
          let clicked = 0;
          new MutationObserver(() => {
            if (textOf('state') !== 'interactive' || Number(textOf('count')) !== clicked) return;
            if (clicked === 5) fetch('/report', { method: 'POST', body: textOf('count') + ' ' + textOf('typed') });
            else {
              clicked++;
              const input = document.querySelector('input');
              input.value = 'aé€漢😀'.repeat(500);
              input.dispatchEvent(new Event('change', { bubbles: true }));
              document.querySelector('button').click();
            }
          }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
        </script>
        <script src="/_framework/blazor.web.js"></script>
        """;

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.AddMarkupContent(0, "<!doctype html>");
        builder.OpenElement(1, "html");
        builder.AddMarkupContent(2, "<head><base href=\"/\"><title>Counter</title></head>");
        builder.OpenElement(3, "body");
        builder.OpenComponent<Counter>(4);
        builder.AddComponentRenderMode(RenderMode.InteractiveServer);
        builder.CloseComponent();
        builder.AddMarkupContent(5, Script);
        builder.CloseElement();
        builder.CloseElement();
    }

    /// <summary>Gives the page its path.</summary>
    [Route("/")]
    public sealed class Home : ComponentBase;

    /// <summary>Counts clicks, and repeats the length of what is typed, on the server.</summary>
    public sealed class Counter : ComponentBase
    {
        private int _count;
        private string _typed = "";
        private bool _isInteractive;

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.AddMarkupContent(0, $"<p id=\"state\">{(_isInteractive ? "interactive" : "static")}</p>");
            builder.OpenElement(1, "p");
            builder.AddAttribute(2, "id", "count");
            builder.AddContent(3, _count);
            builder.CloseElement();
            builder.OpenElement(4, "p");
            builder.AddAttribute(5, "id", "typed");
            builder.AddContent(6, _typed.Length);
            builder.CloseElement();
            builder.OpenElement(7, "input");
            builder.AddAttribute(8, "onchange", EventCallback.Factory.CreateBinder<string>(this, value => _typed += value, ""));
            builder.CloseElement();
            builder.OpenElement(9, "button");
            builder.AddAttribute(10, "onclick", EventCallback.Factory.Create(this, () => _count++));
            builder.AddContent(11, "Count");
            builder.CloseElement();
        }

        protected override void OnAfterRender(bool firstRender)
        {
            // Only where the component is interactive.
            if (firstRender)
            {
                _isInteractive = true;
                StateHasChanged();
            }
        }
    }
}
