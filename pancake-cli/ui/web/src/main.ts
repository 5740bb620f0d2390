// Starts the page: theme first, so that nothing flashes, then the one component that holds the rest.
import { mount } from 'svelte';
import App from './App.svelte';
import { applyStoredTheme } from './lib/theme.ts';
import './styles/tokens.css';
import './styles/base.css';

applyStoredTheme();
const target = document.getElementById('app');
if (target) mount(App, { target });
